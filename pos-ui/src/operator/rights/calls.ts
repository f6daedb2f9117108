// Payments by code, vouchers and the undoing of an order: one name per call of the daemon.
// Invariant: a code goes out in one body and stays nowhere.
import { answer, client, patience } from '../../api/client'
import type { Money } from '../../api/types'
import type { Shown } from '../../api/edge'

const at = (n: number) => ({ path: { number: n } })
const named = (n: number, id: string) => ({ path: { number: n, named: id } })

/** Charges whoever showed this payment code; all that is left unless `amount` says how much. */
export const charge = (
  n: number,
  id: string,
  cart: Pick<Shown, 'order_id' | 'cart_revision'>,
  code: string,
  amount: Money | null,
) =>
  answer(
    client.POST('/api/v1/workstations/{number}/payments', {
      params: at(n),
      body: {
        id,
        order_id: cart.order_id,
        cart_revision: cart.cart_revision,
        code,
        ...(amount ? { amount } : {}),
      },
      signal: patience(),
    }),
  )

/** Asks where a payment stands, now. */
export const query = (n: number, payment: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/payments/{named}/query', {
      params: named(n, payment),
      signal: patience(),
    }),
  )

export const reverse = (n: number, id: string, payment: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/payments/{named}/reversal', {
      params: named(n, payment),
      body: { id },
      signal: patience(),
    }),
  )

/** Asks what a coupon or voucher is worth; nothing is used. What its house says comes with a view. */
export const lookUp = (n: number, id: string, order: string, code: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/redemptions', {
      params: at(n),
      body: { id, order_id: order, code },
      signal: patience(),
    }),
  )

export const choose = (n: number, redemption: string, offer: number, count: number) =>
  answer(
    client.POST('/api/v1/workstations/{number}/redemptions/{named}/choice', {
      params: named(n, redemption),
      body: { offer, count },
      signal: patience(),
    }),
  )

export const takeOff = (n: number, id: string, redemption: string) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/redemptions/{named}', {
      params: { ...named(n, redemption), query: { id } },
      signal: patience(),
    }),
  )

/** Completes a cart that payments and vouchers cover: nothing is handed over. */
export const completeCovered = (n: number, shown: Shown) =>
  answer(
    client.POST('/api/v1/workstations/{number}/orders', {
      params: at(n),
      body: { ...shown, tenders: [] },
      signal: patience(),
    }),
  )

export const postVoid = (n: number, id: string, order: string, reason: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/orders/{named}/post-void', {
      params: named(n, order),
      body: { id, reason },
      signal: patience(),
    }),
  )
