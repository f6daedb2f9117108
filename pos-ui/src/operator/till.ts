// The till as one object: the daemon's view, the number line, the commands. Every operator part takes it from here.
// Invariant: no totals, no prices; what is due is what the last view says.
import { computed, inject, provide, ref, shallowRef, watch, type InjectionKey } from 'vue'
import * as edge from '../api/edge'
import type { Answer, Trouble } from '../api/problem'
import { readProblem, unreachable } from '../api/problem'
import type { CartLine, Money, OperatorView } from '../api/types'
import { play } from '../device/sound'
import { createNumberLine } from '../input/numberLine'
import { newId } from '../model/id'
import { language } from '../locales'
import { ONE, parseQuantity } from '../model/quantity'
import { waitingFor } from '../model/rights'
import { createQueue, type CommandName } from '../stream/commands'
import { followView } from '../stream/view'
import { completeCovered } from './rights/calls'
import { createDesk } from './rights/desk'
import { newRefusals } from './rights/refusals'

/** A trouble with the loudness of its strip. */
export interface Told {
  trouble: Trouble
  tone: 'refuse' | 'ask'
}

/** Under this the till is provided. */
export const TILL: InjectionKey<Till> = Symbol('till')
/** How long a refused scan may take to come back in a view before the strip says it from the answer. */
const VIEW_MS_MAX = 600

const ours = (slug: string): Trouble => ({ ...unreachable(), slug })

/** Makes the till of a workstation; lives as long as the page. */
export function createTill(n: number) {
  const live = followView<OperatorView>(() => edge.streams.operator(n))
  const { view, link } = live
  const queue = createQueue()
  const line = createNumberLine()
  const told = shallowRef<Told | null>(null)
  const selectedId = ref<string | null>(null)
  const noteAt = ref(0)
  /** Locked on this page while the daemon cannot hear it. */
  const hidden = ref(false)

  const phase = computed(() =>
    hidden.value || !view.value?.operator ? 'signed-out' : view.value.phase,
  )
  const lines = computed<readonly CartLine[]>(() => view.value?.cart?.lines ?? [])
  const selected = computed<CartLine | null>(() => {
    const all = lines.value
    const newest = view.value?.cart?.newest_line_id
    return (
      all.find(({ id }) => id === selectedId.value) ??
      all.find(({ id }) => id === newest) ??
      all.at(-1) ??
      null
    )
  })

  function tell(trouble: Trouble, tone: Told['tone'] = 'refuse') {
    told.value = { trouble, tone }
    play(tone === 'refuse' ? 'miss' : 'ask')
  }
  const dismiss = () => void (told.value = null)
  const desk = createDesk({ n, view, accept: live.accept, tell, dismiss })

  // Sync, so that two views in one tick are two tones.
  watch(
    view,
    (now, before) => {
      if (!now || !before) return
      const scan = now.last_scan
      const isNew = now.boot === before.boot && scan && scan.seq !== before.last_scan?.seq
      if (isNew && scan.outcome === 'refused') {
        tell(readProblem(scan.problem, 0))
      } else if (isNew) {
        dismiss()
        play(scan.outcome === 'again' ? 'again' : 'ok')
        const isOfOthers = scan.outcome === 'payment' || scan.outcome === 'redemption'
        if (!isOfOthers) selectedId.value = scan.line_id ?? now.cart?.newest_line_id ?? null
      }
      newRefusals(before, now).forEach((problem) => tell(readProblem(problem, 0)))
      // Cash that was typed has no place beside a charge, and would be the quantity of the next scan.
      if (waitingFor(now.rights) && !waitingFor(before.rights)) line.clear()
      if (now.phase === 'done' && now.last_order?.id !== before.last_order?.id) play('paid')
      if (now.phase !== before.phase) noteAt.value = 0
      // An amount of money left behind would be the quantity of the next scan.
      if (before.phase === 'tender' && now.phase === 'sell') line.clear()
      const known = new Set(before.notices.map(({ code }) => code))
      if (now.notices.some(({ code }) => !known.has(code))) play('ask')
    },
    { flush: 'sync' },
  )
  // What the daemon says in words comes in the language of the page.
  watch(language, () => live.restart())
  watch(link, (now, before) => {
    if (now === 'stale' && before === 'live') play('block')
  })

  /** Sends a command whose answer is a view. The call is made when its turn comes, once, and repeated as it is. */
  async function run<T>(
    name: CommandName,
    make: () => (() => Promise<Answer<T>>) | null,
    read: (data: T) => OperatorView | null,
    onTrouble: (trouble: Trouble) => void = (trouble) => tell(trouble, 'ask'),
  ): Promise<boolean> {
    let call: (() => Promise<Answer<T>>) | null | undefined
    const sent = queue.send(name, async (): Promise<Answer<T | null>> => {
      call = call === undefined ? make() : call
      return call ? call() : { ok: true, data: null }
    })
    if (!sent) {
      told.value = { trouble: ours('scans-waiting'), tone: 'refuse' }
      play('block')
      return false
    }
    const answer = await sent
    if (answer.ok) {
      const next = answer.data === null ? null : read(answer.data)
      if (next) live.accept(next)
      return true
    }
    if (answer.problem.slug === 'sign-in-required') live.restart()
    onTrouble(answer.problem)
    return false
  }
  const same = (next: OperatorView) => next

  /** Says a refused scan from its answer, unless the view has said it or says it soon. */
  function sayScan(seqBefore: number | undefined, trouble: Trouble) {
    const seen = () => view.value?.last_scan && view.value.last_scan.seq !== seqBefore
    if (trouble.status === 0 || trouble.status >= 500) return tell(trouble)
    if (seen()) return
    setTimeout(() => {
      if (!seen()) tell(trouble)
    }, VIEW_MS_MAX)
  }

  function scan(text: string, milli: number) {
    const id = newId()
    let seqBefore: number | undefined
    return run(
      'scan',
      () => () => {
        seqBefore ??= view.value?.last_scan?.seq
        return edge.scan(n, id, text, milli)
      },
      same,
      (trouble) => sayScan(seqBefore, trouble),
    )
  }

  /** A scan from the wedge: takes the number line as its quantity where it can be one. */
  function scanned(text: string) {
    // What is typed in Tender is money: it stays where it is.
    if (phase.value === 'tender') return scan(text, ONE)
    const typed = line.take()
    if (typed === '') return scan(text, ONE)
    const milli = parseQuantity(typed)
    if (milli === null) tell(ours('line-not-quantity'), 'ask')
    return scan(text, milli ?? ONE)
  }

  /** Adds an item found by name, as many as the number line says. */
  function add(sku: string) {
    return scan(sku, parseQuantity(line.take()) ?? ONE)
  }

  /** What was typed is a code: 货号, short code or barcode. */
  function enter() {
    const typed = line.take()
    if (typed !== '') return scan(typed, ONE)
    return undefined
  }

  function setQuantity(lineId: string, milli: number) {
    const id = newId()
    dismiss()
    return run('quantity', () => () => edge.changeLine(n, id, lineId, milli), same)
  }

  /** The number line is the quantity of the selected line. */
  function quantityFromLine() {
    const target = selected.value
    const milli = parseQuantity(line.text.value)
    if (!target || milli === null) return play('ask')
    line.clear()
    return void setQuantity(target.id, milli)
  }

  /** One more or one less of a line; one less than one voids it, and undo brings it back. */
  function step(lineId: string, by: 1 | -1) {
    const id = newId()
    dismiss()
    selectedId.value = lineId
    return run(
      'quantity',
      () => {
        const now = lines.value.find((one) => one.id === lineId)
        if (!now) return null
        const milli = now.quantity_milli + by * ONE
        const gone = milli <= 0 || now.label || now.unit === 'kg'
        return gone
          ? () => edge.voidLine(n, id, lineId)
          : () => edge.changeLine(n, id, lineId, milli)
      },
      same,
    )
  }

  function voidLine(lineId: string) {
    const id = newId()
    dismiss()
    return run('void', () => () => edge.voidLine(n, id, lineId), same)
  }

  const command =
    (name: CommandName, call: (id: string) => Promise<Answer<OperatorView>>) => () => {
      const id = newId()
      dismiss()
      return run(name, () => () => call(id), same)
    }
  const voidCart = command('void-cart', (id) => edge.voidCart(n, id))
  const undo = command('undo', (id) => edge.undo(n, id))
  const putTender = command('tender', () => edge.startTender(n))
  const leaveTender = command('back', () => edge.leaveTender(n))
  const leaveDone = command('next', () => edge.leaveDone(n))

  function startTender() {
    if (lines.value.length === 0) return play('ask')
    line.clear()
    return void putTender()
  }

  /**
   * Completes the order as it was shown: with cash, or with nothing where payments and vouchers cover it.
   * What is due and what is given back, the daemon says.
   */
  function complete(received: Money | null) {
    const cart = view.value?.cart
    if (!cart || queue.running.value === 'complete') return
    dismiss()
    const typed = line.text.value
    const { order_id, revision, total } = cart
    const shown = { order_id, cart_revision: revision, total_minor: total.amount }
    void run(
      'complete',
      () => () => (received ? edge.completeInCash(n, shown, received) : completeCovered(n, shown)),
      ({ view: next }) => next,
    ).then((done) => {
      // A refused amount stays to be mended; what was typed after it belongs to the next order.
      const now = line.text.value
      if (done && now.startsWith(typed)) line.set(now.slice(typed.length))
    })
  }

  /** Whether the signed-in operator may undo the last order; the daemon has the last word. */
  const mayPostVoid = computed(() => {
    const last = view.value?.last_order
    return !!last && !last.undone && view.value?.operator?.role === 'manager'
  })

  function reprint() {
    const last = view.value?.last_order
    if (!last) return play('ask')
    const id = newId()
    // The answer is an acceptance only; what became of the slip is in a later view.
    return void run(
      'reprint',
      () => () => edge.reprint(n, id, last.id),
      () => null,
    )
  }

  async function signIn(operator: string, pin: string): Promise<Trouble | null> {
    let wrong: Trouble | null = null
    await run(
      'sign-in',
      () => () => edge.signIn(n, operator, pin),
      () => null,
      (trouble) => {
        wrong = trouble
        play('miss')
      },
    )
    if (!wrong) {
      hidden.value = false
      live.restart()
    }
    return wrong
  }

  /** Locks at once on this page, then tells the daemon. */
  function lock() {
    if (phase.value === 'signed-out') return
    hidden.value = true
    line.clear()
    dismiss()
    void run(
      'sign-out',
      () => () => edge.signOut(n),
      () => null,
    ).then((done) => {
      if (done) live.restart()
    })
  }
  // Signed out here for good once the daemon says so; another tab may have done it too.
  watch(view, (now) => {
    if (now && !now.operator) hidden.value = false
  })

  return {
    n,
    live,
    view,
    link,
    phase,
    line,
    lines,
    selected,
    selectedId,
    noteAt,
    told,
    desk,
    spoken: queue.spoken,
    waiting: queue.waiting,
    running: queue.running,
    tell,
    dismiss,
    scanned,
    add,
    enter,
    step,
    setQuantity,
    quantityFromLine,
    voidLine,
    voidCart,
    undo,
    startTender,
    leaveTender,
    complete,
    leaveDone,
    reprint,
    mayPostVoid,
    signIn,
    lock,
  }
}

export type Till = ReturnType<typeof createTill>

/** Gives the till to all parts below. */
export function provideTill(till: Till): Till {
  provide(TILL, till)
  return till
}

/** The till of this page. */
export function useTill(): Till {
  const till = inject(TILL)
  if (!till) throw new Error('useTill needs provideTill above it')
  return till
}
