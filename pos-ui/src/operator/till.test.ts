import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import * as edge from '../api/edge'
import { readProblem, type Answer } from '../api/problem'
import type { CartLine, LastScan, OperatorView } from '../api/types'
import { setLanguage } from '../locales'
import * as calls from './rights/calls'
import { createTill } from './till'

vi.mock('../api/edge', () => ({
  streams: { operator: vi.fn(() => '/stream') },
  scan: vi.fn(),
  changeLine: vi.fn(),
  voidLine: vi.fn(),
  completeInCash: vi.fn(),
  startTender: vi.fn(),
  signOut: vi.fn(),
}))

vi.mock('./rights/calls', () => ({ completeCovered: vi.fn() }))

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })
const money = cny(100)

const lineOf = (more: Partial<CartLine>): CartLine => ({
  id: 'a',
  sku: 'A',
  code: '6901',
  name: '甲',
  spec: '',
  unit: 'piece',
  quantity_milli: 1_000,
  list_price: money,
  list: money,
  amount: money,
  saved: cny(0),
  adjustments: [],
  gift_units: 0,
  source: 'till',
  label: false,
  ...more,
})

function viewOf(revision: number, more: Partial<OperatorView> = {}): OperatorView {
  return {
    boot: 'boot',
    revision,
    build: '0.1.0',
    now: '2026-11-21T10:00:00Z',
    store: { code: 'SH001', name: '示范店', utc_offset_minutes: 480 },
    workstation: { number: 1, name: '1号台', kind: 'till' },
    operator: { number: '1001', name: '李静', role: 'cashier' },
    business_date: '2026-11-21',
    training: false,
    phase: 'sell',
    keys: {},
    coupons: [],
    pickups: { waiting: 0, ready: 0 },
    cart: {
      order_id: 'order',
      revision: 5,
      pieces: 1,
      lines: [
        lineOf({}),
        lineOf({
          id: 'b',
          sku: 'B',
          code: '6902',
          name: '乙',
          unit: 'kg',
          quantity_milli: 452,
          label: true,
        }),
      ],
      newest_line_id: 'a',
      list: money,
      saved: cny(0),
      total: money,
      adjustments: [],
      hints: [],
      approvals: [],
    },
    tender: null,
    last_order: null,
    last_scan: null,
    link: {
      mall: 'up',
      outbox: 0,
      outbox_oldest_at: null,
      replica: { version: 1, updated_at: '2026-11-21T10:00:00Z' },
    },
    notices: [],
    ...more,
  }
}

const scanOf = (seq: number, outcome: 'added' | 'again' | 'refused'): LastScan => ({
  seq,
  outcome,
  line_id: outcome === 'refused' ? null : 'a',
  problem:
    outcome === 'refused'
      ? {
          type: '/problems/unknown-barcode',
          title: '',
          detail: '',
          status: 404,
          params: { code: '4099999999996' },
        }
      : null,
})

class SilentSource {
  addEventListener() {}
  close() {}
}

let stop = () => {}

function bench(first: OperatorView = viewOf(1)) {
  vi.stubGlobal('EventSource', SilentSource)
  window.__tones = []
  const scope = effectScope()
  const till = scope.run(() => createTill(1))
  if (!till) throw new Error('no scope')
  stop = () => scope.stop()
  till.live.accept(first)
  return till
}

const answer = (view: OperatorView): Answer<OperatorView> => ({ ok: true, data: view })

beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  stop()
  vi.clearAllMocks()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('the tone is that of the view, not of the key', async () => {
  const till = bench()
  till.live.accept(viewOf(2, { last_scan: scanOf(1, 'added') }))
  till.live.accept(viewOf(3, { last_scan: scanOf(2, 'again') }))
  till.live.accept(viewOf(4, { last_scan: scanOf(2, 'again') }))
  expect(window.__tones).toEqual(['ok', 'again'])
})

it('a refused scan is told once, whether its answer or its view comes first', async () => {
  const till = bench()
  vi.mocked(edge.scan).mockResolvedValue({
    ok: false,
    problem: readProblem(
      { type: '/problems/unknown-barcode', params: { code: '4099999999996' } },
      404,
    ),
  })
  await till.scanned('4099999999996')
  till.live.accept(viewOf(2, { last_scan: scanOf(1, 'refused') }))
  vi.advanceTimersByTime(5_000)
  expect([window.__tones, till.told.value?.trouble.slug]).toEqual([['miss'], 'unknown-barcode'])
})

it('a refused scan that no view speaks of is told from its answer', async () => {
  const till = bench()
  vi.mocked(edge.scan).mockResolvedValue({
    ok: false,
    problem: readProblem({ type: '/problems/malformed' }, 400),
  })
  await till.scanned('x')
  vi.advanceTimersByTime(5_000)
  expect([window.__tones, till.told.value?.trouble.slug]).toEqual([['miss'], 'malformed'])
})

it('what was on the counter before the page was opened makes no tone', () => {
  bench(viewOf(1, { last_scan: scanOf(7, 'refused') }))
  expect(window.__tones).toEqual([])
})

it('the number line is the quantity of the scan, and is empty after it', async () => {
  const till = bench()
  vi.mocked(edge.scan).mockResolvedValue(answer(viewOf(2)))
  till.line.set('3')
  await till.scanned('6901')
  await till.scanned('6901')
  expect(vi.mocked(edge.scan).mock.calls.map(([, , text, milli]) => [text, milli])).toEqual([
    ['6901', 3_000],
    ['6901', 1_000],
  ])
})

it('a number line that is no quantity adds one piece and says so', async () => {
  const till = bench()
  vi.mocked(edge.scan).mockResolvedValue(answer(viewOf(2)))
  till.line.set('6901234567892')
  await till.scanned('6902')
  expect(vi.mocked(edge.scan).mock.calls[0]?.[3]).toBe(1_000)
  expect(till.told.value?.trouble.slug).toBe('line-not-quantity')
})

it('in Tender the number line is money and never a quantity', async () => {
  const due = { total: money, cash: { rounding: cny(0), due: money }, notes: [money], ways: [] }
  const till = bench(viewOf(1, { phase: 'tender', tender: due }))
  vi.mocked(edge.scan).mockResolvedValue(answer(viewOf(2, { phase: 'tender', tender: due })))
  till.line.set('100')
  await till.scanned('6901')
  expect(vi.mocked(edge.scan).mock.calls[0]?.[3]).toBe(1_000)
  expect(till.line.text.value).toBe('100')
  till.live.accept(viewOf(3))
  expect(till.line.text.value).toBe('')
})

it('the amount typed is cleared only when the order was completed', async () => {
  const till = bench(viewOf(1, { phase: 'tender' }))
  till.line.set('100')
  vi.mocked(edge.completeInCash).mockResolvedValueOnce({
    ok: false,
    problem: readProblem({ type: '/problems/malformed' }, 400),
  })
  till.complete(cny(10_000))
  await vi.advanceTimersByTimeAsync(10)
  expect(till.line.text.value).toBe('100')
  vi.mocked(edge.completeInCash).mockResolvedValueOnce({
    ok: true,
    data: { order: {} as never, view: viewOf(2, { phase: 'done' }) },
  })
  till.complete(cny(10_000))
  await vi.advanceTimersByTimeAsync(10)
  expect(till.line.text.value).toBe('')
})

it('one less than one piece voids the line, and so does one less of a weighed line', async () => {
  const till = bench()
  vi.mocked(edge.voidLine).mockResolvedValue(answer(viewOf(2)))
  await till.step('a', -1)
  await till.step('b', -1)
  expect(vi.mocked(edge.voidLine).mock.calls.map((call) => call[2])).toEqual(['a', 'b'])
  expect(edge.changeLine).not.toHaveBeenCalled()
})

it('two quick presses of "+" count from what the first has left', async () => {
  const till = bench()
  vi.mocked(edge.changeLine).mockImplementation((_, __, ___, milli) => {
    const next = viewOf(milli)
    const line = next.cart?.lines[0]
    if (line) line.quantity_milli = milli
    return Promise.resolve(answer(next))
  })
  await Promise.all([till.step('a', 1), till.step('a', 1)])
  expect(vi.mocked(edge.changeLine).mock.calls.map((call) => call[3])).toEqual([2_000, 3_000])
})

it('an order carries the revision and the total of the cart that was looked at', async () => {
  const till = bench(viewOf(1, { phase: 'tender' }))
  vi.mocked(edge.completeInCash).mockResolvedValue({
    ok: true,
    data: { order: {} as never, view: viewOf(2, { phase: 'done' }) },
  })
  till.complete(cny(10_000))
  await vi.advanceTimersByTimeAsync(10)
  const shown = { order_id: 'order', cart_revision: 5, total_minor: 100 }
  expect(vi.mocked(edge.completeInCash).mock.calls).toEqual([[1, shown, cny(10_000)]])
})

it('a price that has changed is told with the new total, and what was typed stays', async () => {
  const till = bench(viewOf(1, { phase: 'tender' }))
  till.line.set('100')
  const body = { type: '/problems/price-changed', params: { total: cny(12_000) } }
  vi.mocked(edge.completeInCash).mockResolvedValue({ ok: false, problem: readProblem(body, 409) })
  till.complete(cny(10_000))
  await vi.advanceTimersByTimeAsync(10)
  expect(till.told.value?.trouble).toMatchObject({
    slug: 'price-changed',
    params: { total: '¥120.00' },
  })
  expect([till.line.text.value, window.__tones]).toEqual(['100', ['ask']])
})

it('after a change of language the view is asked for anew, because the daemon speaks too', async () => {
  bench()
  const before = vi.mocked(edge.streams.operator).mock.calls.length
  await setLanguage('en')
  await vi.advanceTimersByTimeAsync(1)
  expect(vi.mocked(edge.streams.operator).mock.calls.length).toBe(before + 1)
  await setLanguage('zh-CN')
})

it('tender without goods asks nothing of the daemon', () => {
  const till = bench(viewOf(1, { cart: null }))
  till.startTender()
  expect(edge.startTender).not.toHaveBeenCalled()
  expect(window.__tones).toEqual(['ask'])
})

it('lock hides the cart at once, before the daemon has answered', () => {
  const till = bench()
  vi.mocked(edge.signOut).mockReturnValue(new Promise(() => {}))
  till.lock()
  expect(till.phase.value).toBe('signed-out')
})

const paymentOf = (state: 'paying' | 'paid' | 'refused') => ({
  id: 'p',
  method: 'wechat' as const,
  state,
  amount: money,
  since: '2026-11-21T10:00:00Z',
  problem:
    state === 'refused'
      ? {
          type: '/problems/refused-funds-short',
          title: '余额不足',
          detail: '没有扣款。',
          status: 409,
          params: {},
        }
      : null,
})
const rightsOf = (state: 'paying' | 'paid' | 'refused') => ({
  payments: [paymentOf(state)],
  redemptions: [],
  looking_up: [],
  left: cny(0),
  balance: cny(0),
  hold: 'free' as const,
  can_charge: false,
})

it("a no of another house is told once, in the daemon's words", () => {
  const till = bench(viewOf(1, { phase: 'tender', rights: rightsOf('paying') }))
  till.live.accept(viewOf(2, { phase: 'tender', rights: rightsOf('refused') }))
  expect(till.told.value?.trouble).toMatchObject({ title: '余额不足', detail: '没有扣款。' })
  till.dismiss()
  till.live.accept(viewOf(3, { phase: 'tender', rights: rightsOf('refused') }))
  expect([till.told.value, window.__tones]).toEqual([null, ['miss']])
})

it('cash that was typed is gone once a charge is under way, and never counts the next goods', () => {
  const till = bench(viewOf(1, { phase: 'tender' }))
  till.line.set('100')
  till.live.accept(viewOf(2, { phase: 'tender', rights: rightsOf('paying') }))
  expect(till.line.text.value).toBe('')
})

it('a payment code that was scanned leaves the selected line alone', () => {
  const till = bench()
  till.selectedId.value = 'b'
  const scan = { ...scanOf(1, 'added'), outcome: 'payment' as const, line_id: null }
  till.live.accept(viewOf(2, { last_scan: scan }))
  expect([till.selected.value?.id, window.__tones]).toEqual(['b', ['ok']])
})

it('what is covered is completed with nothing received', async () => {
  const till = bench(viewOf(1, { phase: 'tender', rights: rightsOf('paid') }))
  vi.mocked(calls.completeCovered).mockResolvedValue({
    ok: true,
    data: { order: {} as never, view: viewOf(2, { phase: 'done' }) },
  })
  till.complete(null)
  await vi.advanceTimersByTimeAsync(10)
  const shown = { order_id: 'order', cart_revision: 5, total_minor: 100 }
  expect(vi.mocked(calls.completeCovered).mock.calls).toEqual([[1, shown]])
  expect(edge.completeInCash).not.toHaveBeenCalled()
})

it('only a manager may undo the last order, and only once', () => {
  const last = { id: 'o', undone: false } as NonNullable<OperatorView['last_order']>
  const manager = { number: '9', name: '王', role: 'manager' as const }
  const till = bench(viewOf(1, { last_order: last }))
  expect(till.mayPostVoid.value).toBe(false)
  till.live.accept(viewOf(2, { last_order: last, operator: manager }))
  expect(till.mayPostVoid.value).toBe(true)
  till.live.accept(viewOf(3, { last_order: { ...last, undone: true }, operator: manager }))
  expect(till.mayPostVoid.value).toBe(false)
})
