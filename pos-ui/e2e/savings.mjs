// What was saved, on both screens: against the daemon, and with views that no store is likely to make.
import { axe, check, cut, eventually, holds, withFed, press, same, scan } from './harness.mjs'
import { clearCounter, money } from './till.mjs'

const NO_PROMOTION = 'no promotion of HQ takes anything: import packaging/demo/rules.json'

const texts = (page, selector) =>
  page.evaluate(
    (query) => Array.from(document.querySelectorAll(query), (one) => one.textContent.trim()),
    selector,
  )
const boxOf = (page, selector) => page.locator(selector).first().boundingBox()
const taken = ({ name, amount }) => `${name}−${money(amount)}`

/** The savings as a page shows them beside its total. */
async function shownOn(page) {
  return {
    reductions: await texts(page, '[data-test=reductions] li'),
    saved: (await texts(page, '[data-test=saved]')).map((text) => text.replace('已省', '')),
    hints: await texts(page, '[data-test=hints] li'),
  }
}

/** A promotion of HQ on a cart, from the first scan to the paid order; `code` is of goods that one reduces by number. */
export async function checkPromotions({ till, display, code, shot, bothShow, lines }) {
  await check('a promotion of HQ is on both screens: by line, by rule, in all', async () => {
    await clearCounter(till)
    await scan(till.page, code)
    await lines(1)
    const rowBefore = await boxOf(till.page, '[data-sku]')
    const before = await boxOf(till.page, '[data-test=due]')
    const keyBefore = await boxOf(till.page, '[data-test=tender]')
    const totalBefore = await boxOf(display.page, '[data-test=due]')
    await scan(till.page, code)
    const { cart } = await eventually(
      till.view,
      (view) => view.cart.adjustments.length > 0,
      NO_PROMOTION,
    )
    await bothShow()
    const expected = {
      reductions: cart.adjustments.map(({ name, saved }) => taken({ name, amount: saved })),
      saved: [money(cart.saved)],
    }
    for (const { page } of [till, display]) {
      const { reductions, saved } = await shownOn(page)
      same({ reductions, saved }, expected, page.url())
    }
    const [line] = cart.lines
    same(await texts(till.page, '[data-sku] .reduction'), line.adjustments.map(taken), 'line')
    same(await texts(display.page, '.newest .reduction'), line.adjustments.map(taken), 'line')
    same(await texts(till.page, '[data-sku] s'), [`原价${money(line.list)}`], 'before')
    same(await texts(display.page, '.newest s'), [money(line.list)], 'before')
    same((await boxOf(till.page, '[data-sku]')).height, rowBefore.height, 'height of the row')
    same((await boxOf(till.page, '[data-test=due]')).y, before.y, 'place of the due')
    same(await boxOf(till.page, '[data-test=tender]'), keyBefore, 'place of the tender key')
    same((await boxOf(display.page, '[data-test=due]')).y, totalBefore.y, 'place of the total')
    await shot(till.page, 'operator-saved')
    await shot(display.page, 'customer-saved')
    await axe(till.page)
    await axe(display.page)
    return expected.reductions.join(', ')
  })
  await check(
    'undo takes the promotion off both screens, and the threshold is offered',
    async () => {
      await press(till.page, 'F7')
      await eventually(till.quantities, ['1'], 'quantities')
      const { cart } = await till.view()
      holds(cart.hints.length > 0, 'no threshold is near')
      for (const { page } of [till, display]) {
        const { reductions, saved } = await shownOn(page)
        same({ reductions, saved }, { reductions: [], saved: [] }, page.url())
        const hints = await eventually(
          async () => (await shownOn(page)).hints,
          (now) => now.length > 0,
          'hints',
        )
        same(hints, cart.hints.slice(0, hints.length), 'hints')
      }
      await press(till.page, 'Delete')
      await lines(0)
      await eventually(display.mode, 'idle', 'mode')
      await press(till.page, 'F7')
      await lines(1)
    },
  )
  await check('a price that changed before Enter is told with the new total', async () => {
    await scan(till.page, code)
    await eventually(till.quantities, ['2'], 'quantities')
    await press(till.page, 'Space')
    await eventually(till.mode, 'tender', 'mode')
    const { cart } = await till.view()
    let seen
    // As if the promotion had begun after this page last heard of the cart.
    await till.page.route('**/orders', async (route) => {
      const body = route.request().postDataJSON()
      seen = body.total_minor
      await route.continue({ postData: { ...body, total_minor: body.total_minor + 1 } })
    })
    await press(till.page, 'Enter')
    await eventually(
      () => texts(till.page, '.strip').then(([text]) => text ?? ''),
      (text) => text.includes('价格刚变过') && text.includes(money(cart.total)),
      'strip',
    )
    same(seen, cart.total.amount, 'total_minor')
    same(await till.mode(), 'tender', 'mode')
    await shot(till.page, 'operator-price-changed')
    await till.page.unroute('**/orders')
  })
  await check('what was saved is said again when it is paid', async () => {
    const { cart } = await till.view()
    same((await shownOn(display.page)).saved, [money(cart.saved)], 'customer, tender')
    await press(till.page, 'Enter')
    await eventually(till.mode, 'done', 'mode')
    await eventually(display.mode, 'paid', 'customer mode')
    same((await till.view()).last_order.saved, cart.saved, 'the order')
    for (const { page } of [till, display])
      same((await shownOn(page)).saved, [money(cart.saved)], page.url())
  })
}

const cny = (amount) => ({ amount, currency: 'CNY' })
const LONG = '十一周年庆全场服装鞋包家居美妆满三百减四十满六百减一百可叠加会员价与优惠券'

function lineOf(at, adjustments, more = {}) {
  const list = 10_000
  const saved = adjustments.reduce((sum, { amount }) => sum + amount.amount, 0)
  return {
    id: `line-${at}`,
    sku: `SKU-${at}`,
    code: `0952001100101${at % 10}`,
    name: `商品${at}`,
    spec: 'M 墨绿',
    unit: 'piece',
    quantity_milli: 1_000,
    list_price: cny(list),
    list: cny(list),
    amount: cny(list - saved),
    saved: cny(saved),
    adjustments,
    gift_units: 0,
    label: false,
    ...more,
  }
}

/** A cart with `count` reductions of the longest name, or with none. */
function cartOf(count) {
  const one = (at) => ({ name: `${at} ${LONG}`, amount: cny(100) })
  const all = Array.from({ length: count }, (_, at) => one(at))
  const lines = [
    lineOf(1, all),
    lineOf(2, all.slice(0, 1), { gift_units: count > 0 ? 1 : 0 }),
    lineOf(3, []),
  ]
  return {
    order_id: 'order',
    revision: 1,
    pieces: 3,
    lines,
    newest_line_id: 'line-1',
    list: cny(30_000),
    saved: cny(count * 100),
    total: cny(9_999_999_999),
    adjustments: all.map(({ name, amount }) => ({ name, lane: 'order', saved: amount })),
    hints: count > 0 ? ['再买 12.00 元减 20.00', `再买 1 件，${LONG}`, LONG] : [],
  }
}

const base = {
  boot: 'b',
  build: '0',
  now: '9999-01-01T00:00:00Z',
  store: { code: 'S', name: '店', utc_offset_minutes: 480 },
  workstation: { number: 1, name: '1号台', kind: 'till' },
}
const operatorView = (revision, cart) => ({
  ...base,
  revision,
  operator: { number: '1001', name: '李静', role: 'cashier' },
  business_date: '2026-11-21',
  training: false,
  phase: 'sell',
  cart,
  tender: null,
  last_order: null,
  member: null,
  coupons: [],
  last_scan: null,
  link: {
    mall: 'up',
    outbox: 0,
    outbox_oldest_at: null,
    replica: { version: 1, updated_at: base.now },
  },
  notices: [],
})
const customerView = (revision, cart) => ({ ...base, revision, phase: 'cart', cart })

/** What a row of a kept list must be: wholly in sight, or not at all. */
const halfRows = (page) =>
  page.evaluate(() =>
    Array.from(document.querySelectorAll('.rows')).flatMap((rows) => {
      const box = rows.getBoundingClientRect()
      return Array.from(rows.children)
        .map((row) => row.getBoundingClientRect())
        .filter((row) => row.left < box.right - 1 && row.bottom > box.bottom + 1)
        .map((row) => `a row ends at ${row.bottom}, its list at ${box.bottom}`)
    }),
  )
const covers = (one, other) =>
  one.y < other.y + other.height - 1 &&
  other.y < one.y + one.height - 1 &&
  one.x < other.x + other.width - 1 &&
  other.x < one.x + one.width - 1

/** Many reductions with long names at every size: nothing is cut, covered or moved. */
export async function checkSavingsFit({ browser, page, shot }) {
  const till = ['[data-test=due]', '[data-test=tender]', '[data-sku]', '[data-sku]:last-child']
  const display = ['[data-test=due]', '.newest', '.line', '.line:last-child']
  const sizes = [
    ['operator', 1024, 768, '', operatorView, till],
    ['operator', 1366, 768, '', operatorView, till],
    ['operator', 1920, 1080, '', operatorView, till],
    ['operator', 1366, 768, '&mm=0.17', operatorView, till],
    ['customer', 800, 480, '', customerView, display],
    ['customer', 1024, 600, '', customerView, display],
    ['customer', 1280, 800, '', customerView, display],
    ['customer', 1920, 1080, '', customerView, display],
  ]
  for (const [face, width, height, query, view, kept] of sizes) {
    const name = `${face}-${width}x${height}${query.replace(/\W+/g, '-')}`
    await check(`twelve long promotions cut, cover and move nothing: ${name}`, async () => {
      const url = `${page(face)}${query}`
      await withFed(browser, url, { width, height }, view(1, cartOf(0)), async (fed) => {
        // Whole pixels: a font that comes later moves a line by a sixty-fourth.
        const whole = ({ x, y, width, height }) => [x, y, width, height].map(Math.round)
        const boxes = () => Promise.all(kept.map(async (part) => whole(await boxOf(fed, part))))
        const before = await boxes()
        await fed.say(view(2, cartOf(12)))
        await fed.waitForSelector('[data-test=reductions]')
        await eventually(boxes, before, 'boxes')
        await eventually(() => cut(fed), [], 'cut')
        same(await halfRows(fed), [], 'half rows')
        const due = await boxOf(fed, '[data-test=due]')
        for (const part of ['reductions', 'hints', 'saved']) {
          const box = await boxOf(fed, `[data-test=${part}]`)
          holds(!covers(box, due), `${part} covers the due`)
          for (const other of await fed.locator('button.primary, [data-test=tender]').all())
            holds(!covers(box, await other.boundingBox()), `${part} covers a key`)
        }
        holds((await boxOf(fed, '[data-test=hints]')).height > 0, 'no threshold is in sight')
        await shot(fed, `savings-${name}`)
        await axe(fed)
      })
    })
  }
}
