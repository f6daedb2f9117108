// Payments by code, coupons and vouchers: how a state is said.
// Invariant: what is not known is never called a no, however long it takes; no amount is computed.
import type { OperatorView } from '../api/types'

export type Rights = NonNullable<OperatorView['rights']>
export type Payment = Rights['payments'][number]
export type Redemption = Rights['redemptions'][number]
export type Offer = Redemption['offers'][number]

/** After so long without an answer a person is told that nobody knows, and may ask or take it off. */
export const UNKNOWN_MS = 60_000

/** What a payment is called on the screen. */
export type PaymentWord = 'paying' | 'unknown' | 'paid' | 'refused' | 'reversing' | 'reversed'

/** Whether its house has not said yet, so that the cart stands still. */
export const isUndecided = ({ state }: Payment | Redemption) =>
  state === 'sent' || state === 'paying' || state === 'pending'

/** The word for a payment that was asked for `ms` ago. */
export function paymentWord(payment: Payment, ms: number): PaymentWord {
  switch (payment.state) {
    case 'sent':
    case 'paying':
      return ms < UNKNOWN_MS ? 'paying' : 'unknown'
    default:
      return payment.state
  }
}

/** What the use of a coupon or voucher is called on the screen. */
export type RedemptionWord =
  | 'choose'
  | 'chosen'
  | 'idle'
  | 'using'
  | 'unknown'
  | Exclude<Redemption['state'], 'looked_up' | 'pending'>

/** The word for a coupon or voucher that was looked up, or asked for, `ms` ago. */
export function redemptionWord(redemption: Redemption, ms: number): RedemptionWord {
  switch (redemption.state) {
    case 'looked_up':
      if (!redemption.choice) return 'choose'
      return redemption.takes_part ? 'chosen' : 'idle'
    case 'pending':
      return ms < UNKNOWN_MS ? 'using' : 'unknown'
    default:
      return redemption.state
  }
}

/** What the operator and the shopper wait for: a payment first, then the use of a voucher. */
export type Waiting =
  { kind: 'payment'; right: Payment } | { kind: 'redemption'; right: Redemption }

/** What the cart stands still for; nothing when it may go on. */
export function waitingFor(rights: Rights | null | undefined): Waiting | null {
  const payment = rights?.payments.find(isUndecided)
  if (payment) return { kind: 'payment', right: payment }
  const redemption = rights?.redemptions.find(isUndecided)
  return redemption ? { kind: 'redemption', right: redemption } : null
}

/** Whether payments and vouchers cover all of it, so that nothing is to be handed over. */
export const isCovered = (rights: Rights | null | undefined) =>
  !!rights &&
  rights.left.amount === 0 &&
  (rights.balance.amount > 0 ||
    rights.payments.some(({ state }) => state === 'paid') ||
    rights.redemptions.some(({ takes_part: takesPart }) => takesPart))

/** Whether something may be taken off now: what is known to be over, or is going back, may not. */
export const mayTakeOff = ({ state }: Payment | Redemption) =>
  !['refused', 'reversing', 'reversed', 'kept'].includes(state)

/** Payments and vouchers in the order in which they concern a person: what is waited for, what counts, what is over. */
export function inOrder({ payments, redemptions }: Rights): (Payment | Redemption)[] {
  const rank = (right: Payment | Redemption) => {
    if (isUndecided(right)) return 0
    return mayTakeOff(right) ? 1 : 2
  }
  return [...redemptions, ...payments].sort((one, other) => rank(one) - rank(other))
}

/** Whether taking it off gives something back, or may: then a person is asked first. */
export const isSpent = ({ state }: Payment | Redemption) => state !== 'looked_up'

/** Whether anything stands beside the cart that an operator should see. */
export const hasRights = (rights: Rights | null | undefined) =>
  !!rights && rights.payments.length + rights.redemptions.length + rights.balance.amount > 0
