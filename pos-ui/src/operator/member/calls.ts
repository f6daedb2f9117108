// Members and the brand's own coupons: one name per call of the daemon.
// Invariant: a phone number or a code goes out in one body, never in an address, and stays nowhere.
import { answer, client, patience } from '../../api/client'
import type { Money } from '../../api/types'

const at = (n: number) => ({ path: { number: n } })

/** Says who buys, by a phone number or by the member's own code. */
export const identify = (n: number, id: string, order: string, code: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/member', {
      params: at(n),
      body: { id, order_id: order, code },
      signal: patience(),
    }),
  )

export const forget = (n: number, id: string) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/member', {
      params: { ...at(n), query: { id } },
      signal: patience(),
    }),
  )

/** With how many points the member pays, at most. */
export const setPoints = (n: number, id: string, points: number) =>
  answer(
    client.PUT('/api/v1/workstations/{number}/member/points', {
      params: at(n),
      body: { id, points },
      signal: patience(),
    }),
  )

/** With how much of their balance the member pays, at most. */
export const setBalance = (n: number, id: string, amount: Money) =>
  answer(
    client.PUT('/api/v1/workstations/{number}/member/balance', {
      params: at(n),
      body: { id, amount },
      signal: patience(),
    }),
  )

/** Puts a coupon of the brand's own beside the cart. */
export const addCoupon = (n: number, id: string, order: string, code: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/coupons', {
      params: at(n),
      body: { id, order_id: order, code },
      signal: patience(),
    }),
  )

export const takeCouponOff = (n: number, id: string, coupon: string) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/coupons/{named}', {
      params: { path: { number: n, named: coupon }, query: { id } },
      signal: patience(),
    }),
  )
