import { describe, expect, it } from 'vitest'
import { changePreview, formatMoney, moneyParts, parseTyped, takenOff, toTyped } from './money'

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })

describe('an amount is written', () => {
  const check = (amount: number, text: string) =>
    it(`${amount} fen as ${text}`, () => expect(formatMoney(cny(amount))).toBe(text))
  check(0, '¥0.00')
  check(1, '¥0.01')
  check(-1, '−¥0.01')
  check(10, '¥0.10')
  check(99_999, '¥999.99')
  check(100_000, '¥1,000.00')
  check(9_999_999_999, '¥99,999,999.99')
  check(-9_999_999_999, '−¥99,999,999.99')
})

describe('a typed amount is read', () => {
  const check = (text: string, amount: number | null) =>
    it(`“${text}” as ${amount}`, () => expect(parseTyped(text)).toBe(amount))
  check('100', 10_000)
  check('99.5', 9_950)
  check('307.17', 30_717)
  check('.5', 50)
  check('0.01', 1)
  check('', null)
  check('.', null)
  check('1.234', null)
  check('1.2.3', null)
  check('12a', null)
  check('123456789', null)
})

it('what was typed comes back as it was typed', () => {
  for (const text of ['400', '307.17', '0.01', '99999999.99']) {
    expect(toTyped(parseTyped(text) ?? -1)).toBe(text)
  }
})

it('a minus is U+2212, never a hyphen', () => {
  expect(moneyParts(cny(-5)).sign).toBe('\u2212')
})

it('an unknown currency is named before the figure', () => {
  expect(formatMoney({ amount: 150, currency: 'XTS' as 'CNY' })).toBe('XTS 1.50')
})

it('what was taken off reads with a minus, and a raise without', () => {
  expect([4_000, 0, -500].map((amount) => formatMoney(takenOff(cny(amount))))).toEqual([
    '−¥40.00',
    '¥0.00',
    '¥5.00',
  ])
})

it('the change preview is received less due, in the currency of the due', () => {
  expect(changePreview(cny(40_000), cny(30_717))).toEqual(cny(9_283))
  expect(changePreview(cny(100), cny(30_717)).amount).toBeLessThan(0)
})
