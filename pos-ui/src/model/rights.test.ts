import { describe, expect, it } from 'vitest'
import {
  inOrder,
  isCovered,
  isSpent,
  mayTakeOff,
  paymentWord,
  redemptionWord,
  UNKNOWN_MS,
  waitingFor,
  type Payment,
  type Redemption,
  type Rights,
} from './rights'

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })
const payment = (state: Payment['state'], id: string = state): Payment => ({
  id,
  method: 'wechat',
  state,
  amount: cny(100),
  since: '2026-11-21T10:00:00Z',
  problem: null,
})
const redemption = (state: Redemption['state'], more: Partial<Redemption> = {}): Redemption => ({
  id: state,
  issuer: 'douyin',
  state,
  title: '50元代金券',
  code_tail: '6789',
  offers: [],
  choice: { offer: 0, count: 1 },
  amount: cny(100),
  takes_part: true,
  since: '2026-11-21T10:00:00Z',
  reversible_until: null,
  problem: null,
  ...more,
})
const rights = (more: Partial<Rights>): Rights => ({
  payments: [],
  redemptions: [],
  looking_up: [],
  left: cny(0),
  balance: cny(0),
  hold: 'free',
  can_charge: false,
  ...more,
})

describe('a payment is called', () => {
  const check = (state: Payment['state'], ms: number, word: string) =>
    it(`${word} when it is ${state} for ${ms} ms`, () =>
      expect(paymentWord(payment(state), ms)).toBe(word))
  check('sent', 0, 'paying')
  check('paying', UNKNOWN_MS - 1, 'paying')
  check('sent', UNKNOWN_MS, 'unknown')
  check('paying', 86_400_000, 'unknown')
  check('paid', 86_400_000, 'paid')
  check('refused', 0, 'refused')
  check('reversing', 86_400_000, 'reversing')
  check('reversed', 0, 'reversed')
})

describe('a voucher is called', () => {
  const check = (one: Redemption, ms: number, word: string) =>
    it(`${word} when it is ${one.state} for ${ms} ms`, () =>
      expect(redemptionWord(one, ms)).toBe(word))
  check(redemption('looked_up', { choice: null }), 0, 'choose')
  check(redemption('looked_up'), 86_400_000, 'chosen')
  check(redemption('looked_up', { takes_part: false }), 0, 'idle')
  check(redemption('pending'), 0, 'using')
  check(redemption('pending'), UNKNOWN_MS, 'unknown')
  check(redemption('redeemed'), UNKNOWN_MS, 'redeemed')
  check(redemption('refused'), 0, 'refused')
  check(redemption('kept'), 0, 'kept')
})

it('no word of what is not known is that of a no', () => {
  for (const ms of [0, UNKNOWN_MS, 86_400_000]) {
    expect(['paying', 'unknown']).toContain(paymentWord(payment('sent'), ms))
    expect(['paying', 'unknown']).toContain(paymentWord(payment('paying'), ms))
    expect(['using', 'unknown']).toContain(redemptionWord(redemption('pending'), ms))
  }
})

it('a person waits for the payment first, then for the voucher, then for nothing', () => {
  const both = rights({
    payments: [payment('paid'), payment('sent')],
    redemptions: [redemption('pending')],
  })
  expect(waitingFor(both)).toMatchObject({ kind: 'payment', right: { state: 'sent' } })
  expect(waitingFor({ ...both, payments: [payment('reversing')] })).toMatchObject({
    kind: 'redemption',
    right: { state: 'pending' },
  })
  expect(waitingFor(rights({ redemptions: [redemption('looked_up')] }))).toBeNull()
  expect(waitingFor(null)).toBeNull()
})

it('a cart is covered when nothing is left because somebody paid, or a voucher will', () => {
  const { left } = rights({})
  expect(isCovered(rights({ payments: [payment('paid')] }))).toBe(true)
  expect(isCovered(rights({ redemptions: [redemption('looked_up')] }))).toBe(true)
  expect(isCovered(rights({ payments: [payment('paid')], left: cny(1) }))).toBe(false)
  expect(isCovered(rights({ payments: [payment('reversed')], left }))).toBe(false)
  expect(isCovered(rights({ left }))).toBe(false)
})

it('what is over, or going back, is not taken off again', () => {
  const states = ['sent', 'paying', 'paid', 'refused', 'reversing', 'reversed'] as const
  expect(states.filter((state) => mayTakeOff(payment(state)))).toEqual(['sent', 'paying', 'paid'])
  expect(mayTakeOff(redemption('kept'))).toBe(false)
})

it('only what was looked up and no more is taken off without a question', () => {
  expect([
    isSpent(redemption('looked_up')),
    isSpent(redemption('pending')),
    isSpent(payment('paid')),
  ]).toEqual([false, true, true])
})

it('what is waited for stands first, and what is over last', () => {
  const all = rights({
    redemptions: [redemption('refused', { id: 'r1' }), redemption('looked_up', { id: 'r2' })],
    payments: [payment('reversed'), payment('paid'), payment('paying')],
  })
  expect(inOrder(all).map(({ id }) => id)).toEqual(['paying', 'r2', 'paid', 'r1', 'reversed'])
})
