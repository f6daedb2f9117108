import { describe, expect, it } from 'vitest'
import { formatMany, formatPart, formatQuantity, parseQuantity } from './quantity'

describe('a quantity is written', () => {
  const check = (milli: number, text: string) =>
    it(`${milli} as ${text}`, () => expect(formatQuantity(milli)).toBe(text))
  check(1_000, '1')
  check(12_000, '12')
  check(452, '0.452')
  check(1_250, '1.250')
  check(-2_000, '−2')
  check(9_999_000, '9999')
})

it('how many of an item names the unit of weighed goods only', () => {
  expect([formatMany(2_000), formatMany(452, 'kg')]).toEqual(['×\u20092', '×\u20090.452 kg'])
})

it('a part of a line is counted, the whole of it is not', () => {
  expect([formatPart(1, 3_000), formatPart(3, 3_000), formatPart(1, 452)]).toEqual([
    '×\u20091',
    '',
    '',
  ])
})

describe('a typed quantity is read', () => {
  const check = (text: string, milli: number | null) =>
    it(`“${text}” as ${milli}`, () => expect(parseQuantity(text)).toBe(milli))
  check('3', 3_000)
  check('0.452', 452)
  check('9999', 9_999_000)
  check('10000', null)
  check('6901234567892', null)
  check('0', null)
  check('', null)
  check('1.2345', null)
  check('A1', null)
})
