// What an operator does about who buys: beside the queue of scans, as the desk of payments is.
// Invariant: one call at a time; a code is sent and forgotten.
import { computed } from 'vue'
import type { Money, OperatorView } from '../../api/types'
import { newId } from '../../model/id'
import { isOwnCoupon } from '../../model/member'
import type { Till } from '../till'
import * as calls from './calls'

const same = (next: OperatorView) => next

/** The member of a till, and what may be done about them. */
export function usePurse({ n, view, desk }: Till) {
  const member = computed(() => view.value?.member ?? null)
  const coupons = computed(() => view.value?.coupons ?? [])
  const order = () => view.value?.cart?.order_id

  /** A phone number or a member's code says who buys; a coupon of ours lies down beside the cart. */
  function show(code: string): Promise<boolean> {
    const cart = order()
    if (!cart || code === '') return Promise.resolve(false)
    const id = newId()
    const call = isOwnCoupon(code) ? calls.addCoupon : calls.identify
    return desk.ask('look-up', () => call(n, id, cart, code), same)
  }

  function spend(call: (id: string) => ReturnType<typeof calls.setPoints>) {
    const id = newId()
    return desk.ask('choose', () => call(id), same)
  }

  return {
    member,
    coupons,
    show,
    forget: () => spend((id) => calls.forget(n, id)),
    setPoints: (points: number) => spend((id) => calls.setPoints(n, id, points)),
    setBalance: (amount: Money) => spend((id) => calls.setBalance(n, id, amount)),
    takeOff: (coupon: string) => spend((id) => calls.takeCouponOff(n, id, coupon)),
  }
}
