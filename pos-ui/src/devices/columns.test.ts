import { expect, it } from 'vitest'
import { columnsOf, runsOf } from './columns'

it('what GBK sends as two bytes takes two columns', () => {
  expect(['A', '柜', '×', '·', '￥', '可口可乐 1.25L'].map(columnsOf)).toEqual([1, 2, 2, 2, 2, 14])
})

it('a text is cut into ASCII runs and single wide characters, nothing lost', () => {
  const runs = runsOf('M 墨绿 x1')
  expect(runs.map(({ text }) => text)).toEqual(['M ', '墨', '绿', ' x1'])
  expect(runs.map(({ text }) => text).join('')).toBe('M 墨绿 x1')
})
