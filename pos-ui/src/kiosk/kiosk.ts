// The kiosk as one object: the daemon's view, where the shopper is, the commands. Every part takes it from here.
// Invariant: no totals, no prices; nothing of a shopper outlives the page, which is loaded anew after each.
import { computed, inject, provide, ref, shallowRef, watch, type InjectionKey } from 'vue'
import * as edge from '../api/kiosk'
import type { Answer, Trouble } from '../api/problem'
import { readProblem } from '../api/problem'
import type { CartLine, KioskView } from '../api/types'
import { play } from '../device/sound'
import { language, setLanguage, t } from '../locales'
import { newId } from '../model/id'
import { ONE } from '../model/quantity'
import { createQueue, type CommandName } from '../stream/commands'
import { followView } from '../stream/view'

/** A place inside the kiosk while somebody shops. */
export type Place =
  | { name: 'browse'; category: string }
  | { name: 'search' }
  | { name: 'item'; sku: string }
  | { name: 'elsewhere'; sku: string; title: string; pieces: number }
  | { name: 'cart' }

/** Under this the kiosk is provided. */
export const KIOSK: InjectionKey<Kiosk> = Symbol('kiosk')

/** A message that needs no answer stays so long, or until the next. */
const SAID_MS = 6_000

/** Makes the kiosk of a workstation; lives as long as the page. */
export function createKiosk(n: number) {
  const live = followView<KioskView>(() => edge.kioskStream(n))
  const { view, link } = live
  const queue = createQueue()
  const places = ref<Place[]>([{ name: 'browse', category: '' }])
  const awake = ref(false)
  const elder = ref(false)
  const reach = ref(false)
  const query = ref('')
  const trouble = shallowRef<Trouble | null>(null)
  /** Made anew when the language turns. */
  const saying = shallowRef<(() => string) | null>(null)
  const said = computed(() => saying.value?.() ?? '')
  const touchedAt = ref(Date.now())
  let timer: ReturnType<typeof setTimeout> | undefined

  const place = computed<Place>(() => places.value.at(-1) ?? { name: 'browse', category: '' })
  const cart = computed(() => view.value?.cart ?? null)
  const pieces = computed(() => cart.value?.pieces ?? 0)

  /** Somebody is there. */
  function touch() {
    touchedAt.value = Date.now()
  }

  function say(text: () => string) {
    trouble.value = null
    saying.value = text
    clearTimeout(timer)
    timer = setTimeout(() => (saying.value = null), SAID_MS)
  }

  function tell(problem: Trouble) {
    saying.value = null
    trouble.value = problem
    play('miss')
  }

  function go(next: Place) {
    trouble.value = null
    saying.value = null
    places.value = [...places.value, next]
  }

  /** Looks at another category; going back leads out of the shelf, not through every category. */
  function browse(category: string) {
    trouble.value = null
    places.value = [{ name: 'browse', category }]
  }

  function back() {
    trouble.value = null
    if (view.value?.phase === 'tender') {
      void send(() => edge.leaveTender(n))
      return
    }
    if (places.value.length > 1) places.value = places.value.slice(0, -1)
    else browse('')
  }

  const canBack = computed(
    () =>
      view.value?.phase === 'tender' ||
      places.value.length > 1 ||
      (place.value.name === 'browse' && place.value.category !== ''),
  )

  /** Sends a command; its view is shown, its trouble told. */
  async function send(
    call: () => Promise<Answer<KioskView>>,
    name: CommandName = 'scan',
  ): Promise<boolean> {
    touch()
    const sent = queue.send(name, call)
    if (!sent) return false
    const answer = await sent
    if (answer.ok) live.accept(answer.data)
    else tell(answer.problem)
    return answer.ok
  }

  async function add(sku: string, name: string, count: number): Promise<boolean> {
    const id = newId()
    const isAdded = await send(() => edge.scan(n, id, sku, count * ONE))
    if (isAdded) say(() => t('kiosk.added', { name }))
    return isAdded
  }

  /** What a reader read that types like a keyboard; one of the box's own goes to the daemon. */
  async function scan(text: string) {
    const id = newId()
    await send(() => edge.scan(n, id, text))
  }

  const count = (line: CartLine, milli: number) => {
    const id = newId()
    return milli > 0
      ? send(() => edge.changeLine(n, id, line.id, milli))
      : send(() => edge.voidLine(n, id, line.id))
  }

  const voidLine = (line: CartLine) => {
    const id = newId()
    return send(() => edge.voidLine(n, id, line.id))
  }

  const undo = () => {
    const id = newId()
    return send(() => edge.undo(n, id))
  }

  const pay = () => send(() => edge.startTender(n))

  /** Nothing is left to pay: the cart becomes an order as it was shown. */
  function complete() {
    const seen = cart.value
    if (!seen || queue.running.value === 'complete') return
    const { order_id, revision, total } = seen
    const shown = { order_id, cart_revision: revision, total_minor: total.amount }
    void send(() => edge.complete(n, shown), 'complete')
  }

  const takeOff = (redemption: string) => {
    const id = newId()
    return send(() => edge.takeOff(n, id, redemption))
  }

  const forget = () => {
    const id = newId()
    return send(() => edge.forget(n, id))
  }

  async function claim() {
    const id = newId()
    if (await send(() => edge.claim(n, id))) say(() => t('kiosk.claimed'))
  }

  const takeCouponOff = (coupon: string) => {
    const id = newId()
    return send(() => edge.takeCouponOff(n, id, coupon))
  }

  const cancelPayment = (payment: string) => {
    const id = newId()
    return send(() => edge.reversePayment(n, id, payment))
  }

  async function callForHelp() {
    if (await send(() => edge.help(n))) say(() => t('kiosk.helping'))
  }

  async function turnLanguage() {
    touch()
    await setLanguage(language.value === 'en' ? 'zh-CN' : 'en')
    live.restart()
  }

  /** Leaves nothing: the daemon forgets the cart, the page is loaded anew. */
  async function reset() {
    const id = newId()
    const answer = await queue.send('void-cart', () => edge.reset(n, id))
    if (!answer) return
    if (!answer.ok) {
      touch()
      tell(answer.problem)
      return
    }
    sessionStorage.clear()
    location.replace(location.href)
  }

  let seen: { boot: string; seq: number } | undefined
  watch(view, (next, before) => {
    if (!next) return
    const scan = next.last_scan
    const isFirst = seen?.boot !== next.boot
    const isNews = !isFirst && scan && scan.seq !== seen?.seq
    seen = { boot: next.boot, seq: scan?.seq ?? 0 }
    if (isNews) {
      touch()
      awake.value = true
      if (scan.outcome === 'refused') {
        const problem = scan.problem
        if (problem) tell(readProblem(problem, problem.status))
      } else if (scan.outcome !== 'payment' && scan.outcome !== 'redemption') {
        trouble.value = null
        play(scan.outcome === 'again' ? 'again' : 'ok')
        if (scan.outcome === 'member') say(() => t('kiosk.welcome'))
      }
    }
    if (next.phase !== before?.phase) {
      touch()
      if (before && before.phase !== 'shopping' && next.phase === 'shopping') {
        places.value = [{ name: 'browse', category: '' }, { name: 'cart' }]
      }
      if (before && next.phase === 'paid') play('paid')
      if (before && next.phase === 'wait') trouble.value = null
    }
    if (next.phase !== 'shopping' || (next.cart?.lines.length ?? 0) > 0) awake.value = true
  })

  return {
    n,
    live,
    view,
    link,
    queue,
    place,
    awake,
    elder,
    reach,
    query,
    trouble,
    said,
    touchedAt,
    cart,
    pieces,
    canBack,
    touch,
    go,
    browse,
    back,
    add,
    scan,
    count,
    voidLine,
    undo,
    pay,
    complete,
    takeOff,
    forget,
    claim,
    takeCouponOff,
    cancelPayment,
    callForHelp,
    turnLanguage,
    reset,
  }
}

export type Kiosk = ReturnType<typeof createKiosk>

export function provideKiosk(n: number): Kiosk {
  const kiosk = createKiosk(n)
  provide(KIOSK, kiosk)
  return kiosk
}

export function useKiosk(): Kiosk {
  const kiosk = inject(KIOSK)
  if (!kiosk) throw new Error('no kiosk is provided')
  return kiosk
}
