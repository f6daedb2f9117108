import { describe, expect, it } from 'vitest'
import { closed, isOwnCoupon, nameOf, type Member } from './member'

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })
const member = (more: Partial<Member>): Member => ({
  name: '王*',
  phone: '138****5678',
  tier: '金卡',
  is_staff: false,
  is_known: true,
  is_proven: true,
  funds: null,
  points_pay: true,
  points_to_pay: 0,
  points_spent: 0,
  points_earned: 0,
  balance_to_pay: cny(0),
  balance_part: cny(0),
  ...more,
})

describe('a member', () => {
  it('is called by what is known of them', () => {
    expect(nameOf(member({}))).toBe('王* 138****5678')
    expect(nameOf(member({ name: '' }))).toBe('138****5678')
    expect(nameOf(member({ name: '', phone: '' }))).toBe('')
  })
  it('spends nothing on a phone number alone', () => {
    expect(closed(member({}))).toBe(null)
    expect(closed(member({ is_proven: false }))).toBe('unproven')
    expect(closed(member({ is_known: false }))).toBe('unknown')
  })
})

it("the brand's own coupons are told from others by how they begin", () => {
  expect(isOwnCoupon('C1.AQAA')).toBe(true)
  expect(isOwnCoupon('M1.AQAA')).toBe(false)
  expect(isOwnCoupon('https://v.douyin.com/x')).toBe(false)
})
