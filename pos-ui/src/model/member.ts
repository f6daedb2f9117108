// Who buys, and what of theirs may be spent: how it is said.
// Invariant: names and numbers come masked; no amount is computed.
import type { OperatorView } from '../api/types'

export type Member = NonNullable<OperatorView['member']>
export type OwnCoupon = OperatorView['coupons'][number]

/** How a code of the brand's own coupons begins. */
export const isOwnCoupon = (text: string) => text.startsWith('C1.')

/** What stands for a member who has no name here. */
export const nameOf = ({ name, phone }: Pick<Member, 'name' | 'phone'>) =>
  [name, phone].filter((part) => part !== '').join(' ')

/** Why nothing of theirs can be spent, if that is so. */
export type Closed = 'unproven' | 'unknown' | null

export function closed(member: Member): Closed {
  if (!member.is_known) return 'unknown'
  return member.is_proven ? null : 'unproven'
}
