import { expect, it } from 'vitest'
import { isGoods } from './goods'

it.each([
  ['6901234567892', true],
  ['6901234567891', false],
  ['16901234567899', true],
  ['96385074', true],
  [' 6901234567892\n', true],
  ['123456789012', false],
  ['123456789012345', false],
  ['A7KQ30OFF5', false],
  ['https://v.douyin.com/abc/', false],
  ['', false],
])('tells goods from vouchers: %j', (code, expected) => {
  expect(isGoods(code)).toBe(expected)
})
