// What an operator does about payments, coupons and vouchers, beside the queue of scans and never before it.
// Another house may take seconds to answer: no call waits for it, what it says comes with a view.
// Invariant: one call at a time; a payment code is sent and forgotten.
import { computed, shallowRef, watch, type Ref } from 'vue'
import type { Answer, Trouble } from '../../api/problem'
import type { Money, OperatorView } from '../../api/types'
import { newId } from '../../model/id'
import { isSpent, isUndecided, waitingFor, type Payment, type Redemption } from '../../model/rights'
import * as calls from './calls'

/** What is being asked for just now. */
export type Asked = 'charge' | 'query' | 'take-off' | 'look-up' | 'choose' | 'post-void'

/** What the desk needs of its till. */
export interface Counter {
  n: number
  view: Readonly<Ref<OperatorView | null>>
  accept(view: OperatorView): void
  tell(trouble: Trouble, tone?: 'refuse' | 'ask'): void
  dismiss(): void
}

/** Makes the desk of a till. */
export function createDesk({ n, view, accept, tell, dismiss }: Counter) {
  const asked = shallowRef<Asked | null>(null)
  const rights = computed(() => view.value?.rights ?? null)
  const waiting = computed(() => waitingFor(rights.value))
  /** What a person is asked about before it is taken off. */
  const doubted = shallowRef<Payment | Redemption | null>(null)

  // A question about what has been decided meanwhile is another question.
  watch(rights, (now) => {
    const old = doubted.value
    if (!old) return
    const all = [...(now?.payments ?? []), ...(now?.redemptions ?? [])]
    const one = all.find(({ id }) => id === old.id)
    if (!one || isUndecided(one) !== isUndecided(old)) doubted.value = null
  })

  async function ask<T>(
    what: Asked,
    call: () => Promise<Answer<T>>,
    read: (data: T) => OperatorView,
  ): Promise<boolean> {
    if (asked.value) return false
    asked.value = what
    dismiss()
    try {
      const answer = await call()
      if (answer.ok) accept(read(answer.data))
      else tell(answer.problem, answer.problem.status === 0 ? 'ask' : 'refuse')
      return answer.ok
    } finally {
      asked.value = null
    }
  }
  const same = (next: OperatorView) => next

  /** Charges `amount`, or all that is left, to whoever showed the code. */
  function charge(code: string, amount: Money | null): Promise<boolean> {
    const cart = view.value?.cart
    if (!cart || code === '') return Promise.resolve(false)
    const shown = { order_id: cart.order_id, cart_revision: cart.revision }
    const id = newId()
    return ask('charge', () => calls.charge(n, id, shown, code, amount), same)
  }

  /** Asks the house of the payment that everybody waits for. */
  function query() {
    const now = waiting.value
    if (now?.kind !== 'payment') return Promise.resolve(false)
    return ask('query', () => calls.query(n, now.right.id), same)
  }

  const isPayment = (right: Payment | Redemption): right is Payment => 'method' in right

  /** Takes a payment or voucher off: what was taken goes back. */
  function takeOff(right: Payment | Redemption) {
    const id = newId()
    const call = isPayment(right) ? calls.reverse : calls.takeOff
    return ask('take-off', () => call(n, id, right.id), same)
  }

  /** Takes it off at once when nothing was spent, else asks. */
  function doubt(right: Payment | Redemption) {
    if (isSpent(right)) doubted.value = right
    else void takeOff(right)
  }

  /** Asks what a coupon or voucher is worth; the id under which the view will tell it, if it is asked. */
  async function lookUp(code: string): Promise<string | null> {
    const order = view.value?.cart?.order_id
    if (!order || code === '') return null
    const id = newId()
    return (await ask('look-up', () => calls.lookUp(n, id, order, code), same)) ? id : null
  }

  const choose = (redemption: Redemption, offer: number, count: number) =>
    ask('choose', () => calls.choose(n, redemption.id, offer, count), same)

  /** Undoes an order; the id of the wish comes from whoever asks, who may ask again. */
  const postVoid = (id: string, order: string, reason: string) =>
    ask(
      'post-void',
      () => calls.postVoid(n, id, order, reason),
      ({ view: next }) => next,
    )

  return {
    ask,
    rights,
    waiting,
    asked,
    doubted,
    charge,
    query,
    takeOff,
    doubt,
    lookUp,
    choose,
    postVoid,
  }
}

export type Desk = ReturnType<typeof createDesk>
