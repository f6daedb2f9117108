// Online orders at a till: what waits is put together by scan, handed over by code with the cable cut, once; and goods of
// such an order come back with the mall's word. First on pages that are told it, at every size, language and theme;
// then a whole life of an order against the running daemon, its mall, and a cable that the stage's hand can turn.
import {
  axe,
  check,
  cut,
  eventually,
  holds,
  inSight,
  press,
  REUNION_MS,
  same,
  scan,
  typeDigits,
  withFed,
} from './harness.mjs'
import { money, signIn } from './till.mjs'
import { ago, cny, listen, MINUTE_MS, operatorView, rightsOf, small } from './views.mjs'

const SIZE = { width: 1366, height: 768 }
const SIZES = [
  [1024, 600],
  [1366, 768],
  [1920, 1080],
]
const THEMES = ['light', 'dark']
const LONG = '山野·三层压胶防风防水透气可拆卸内胆冲锋衣（情侣款 秋冬加厚）'
const HOUR_MS = 60 * MINUTE_MS
const mode = (page) => page.evaluate(() => document.documentElement.dataset.mode)
const alert = (page) => async () =>
  (await page.locator('.strip[role=alert]').allTextContents()).join('')
const focus = (page) => page.evaluate(() => document.activeElement?.id)

const pickupLine = (number, name, ordered, picked = 0) => ({
  number,
  sku: `SKU-${number}`,
  name,
  spec: 'L 藏青',
  ordered_milli: ordered * 1_000,
  picked_milli: picked * 1_000,
})
let ids = 0
const id = () => `019a0000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`
const pickup = (number, state, more = {}) => ({
  id: id(),
  number,
  state,
  shopper: '王*',
  phone: '138****5678',
  lines: [pickupLine(1, '海魂条纹长袖T恤', 2), pickupLine(2, '真皮卡包', 1)],
  total: cny(30_717),
  unpaid: false,
  proven: false,
  whole: false,
  placed_at: ago(2 * HOUR_MS),
  until: ago(-48 * HOUR_MS),
  handed_over_at: null,
  ...more,
})
const picking = pickup('M-20261122-0417', 'picking', {
  lines: [pickupLine(1, LONG, 12, 3), pickupLine(2, '真皮卡包', 1, 1)],
})
const whole = pickup('M-1002', 'picking', {
  whole: true,
  lines: [pickupLine(1, '海魂条纹长袖T恤', 2, 2), pickupLine(2, '真皮卡包', 1, 1)],
})
const proven = pickup('M-1003', 'ready', { proven: true })
const unpaid = pickup('SH002-000417', 'ready', { proven: true, unpaid: true })
const gone = pickup('M-1004', 'handed_over', { handed_over_at: ago(HOUR_MS) })
const MANY = [
  pickup('M-20261122-0418', 'placed', { shopper: '欧阳*' }),
  picking,
  pickup('M-1005', 'ready'),
  pickup('SH002-000418', 'ready', { unpaid: true }),
  ...Array.from({ length: 8 }, (_, at) => pickup(`M-11${at}0`, 'placed')),
  gone,
  pickup('M-1006', 'cancelled'),
  pickup('M-1007', 'expired'),
]

const NO = {
  type: '/problems/online-return-not-so-many',
  status: 409,
  title: '没有这么多件可退',
  detail: '这些商品有一部分已经退过，可能在别的门店。没有退货，没有退款。',
  hint: '重新查一次订单，看还剩几件。',
}
const comesBack = (number, state, more = {}) => ({
  id: id(),
  order_id: id(),
  number,
  state,
  pieces: 2,
  amount: cny(25_800),
  reason: 'unfit',
  saleable: true,
  operator: '1001',
  asked_at: ago(26 * HOUR_MS),
  decided_at: state === 'pending' ? null : ago(25 * HOUR_MS),
  problem: state === 'refused' ? NO : null,
  ...more,
})
const OPEN = [
  comesBack('M-20261121-0033', 'pending', { asked_at: ago(23 * MINUTE_MS), operator: '1002' }),
  comesBack('M-0990', 'pending', { asked_at: ago(27 * HOUR_MS), pieces: 1 }),
]
const DECIDED = [
  comesBack('M-0991', 'done'),
  comesBack('M-0992', 'refused'),
  comesBack('M-0993', 'done', { reason: 'wrong_item', pieces: 1, amount: cny(9_999_999) }),
]
const onlineLine = (number, name, pieces, left, piece = cny(12_900)) => ({
  number,
  sku: `SKU-${number}`,
  name,
  spec: 'L 藏青',
  pieces,
  left,
  amount: cny(12_900 * pieces),
  piece: left > 0 ? piece : null,
})
const online = (more = {}) => ({
  order_id: id(),
  number: 'M-20261122-0417',
  shopper: '欧阳*',
  phone: '138****5678',
  handed_over_at: ago(26 * HOUR_MS),
  method: 'wechat',
  total: cny(56_517),
  returned: cny(12_900),
  lines: [
    onlineLine(1, LONG, 2, 1),
    onlineLine(2, '海魂条纹长袖T恤', 2, 2),
    onlineLine(3, '真皮卡包（满赠）', 1, 1, null),
    onlineLine(4, '莫代尔V领短袖T恤', 1, 0),
  ],
  back: null,
  problem: null,
  ...more,
})

/** A cart that waits is under every panel; the tally is what the list says. */
const sells = (open = null, more = {}) =>
  operatorView('sell', null, { pickups: { waiting: 10, ready: 2 }, pickup: open, ...more })
const SLOW = [{ code: 'online-return-slow', since: ago(27 * HOUR_MS), params: { count: 2 } }]

/** What the daemon's lists say to a page that is fed. */
async function told(page, pickups, returns) {
  await page.route('**/api/v1/pickups', (route) => route.fulfill({ json: { pickups } }))
  await page.route('**/api/v1/online-returns', (route) => route.fulfill({ json: { returns } }))
}

/** Every size, language and theme: nothing cut off, every key for a finger, the keys in sight; then axe. */
async function looks(page, shot, name, keys = []) {
  for (const lang of ['en', 'zh-CN']) {
    const now = await page.evaluate(() => document.documentElement.lang)
    if (now !== lang) await page.locator('header button[lang]').click()
    await eventually(() => page.evaluate(() => document.documentElement.lang), lang, 'lang')
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height })
      for (const theme of THEMES) {
        await page.evaluate((one) => (document.documentElement.dataset.theme = one), theme)
        await shot(page, `${name}-${lang}-${theme}-${width}x${height}`)
      }
      await eventually(() => cut(page), [], `cut at ${width}×${height} ${lang}`)
      await eventually(
        () => small(page, '[data-panel] button'),
        [],
        `keys at ${width}×${height} ${lang}`,
      )
      for (const key of keys) {
        const isSeen = () => inSight(page.locator(key), height)
        await eventually(isSeen, true, `${key} in sight at ${width}×${height}`)
      }
    }
  }
  await page.evaluate(() => (document.documentElement.dataset.theme = 'light'))
  await page.setViewportSize(SIZE)
  await axe(page)
  same(page.complaints, [], 'complaints')
}

const PICKUPS = [
  ['list', sells(), MANY, [], []],
  ['waiting-for-hq', sells(null, { notices: SLOW }), MANY, [...OPEN, ...DECIDED], []],
  ['none', sells(null, { pickups: { waiting: 0, ready: 0 } }), [], [], []],
  ['picking', sells(picking), MANY, [], []],
  ['whole', sells(whole), MANY, [], ['[data-test=make-ready]']],
  ['proven', sells(proven), MANY, [], ['[data-test=hand-over]']],
  ['unpaid', sells(unpaid), MANY, [], ['[data-test=hand-over]']],
  ['handed-over', sells(gone), MANY, [], []],
]

async function checkPickupLooks({ browser, page, shot }) {
  for (const [name, view, pickups, returns, keys] of PICKUPS)
    await check(`pickups ${name}: every size, language and theme, axe`, async () => {
      const body = async (fed) => {
        await told(fed, pickups, returns)
        // An order that is open is in sight by itself.
        if (!view.pickup) await press(fed, 'F6')
        await fed.waitForSelector('[data-panel=pickups]')
        if (!view.pickup)
          await eventually(
            () => fed.locator('[data-panel=pickups] [data-test=pickup-row]').count(),
            pickups.length,
            'rows',
          )
        await looks(fed, shot, `pickups-${name}`, keys)
      }
      const first = view.pickup ? 'pickups' : 'sell'
      await withFed(browser, page('operator'), SIZE, view, body, first)
    })
}

/** Opens the return of an order that the page is told of. */
async function openReturn(fed, order) {
  await fed.route('**/online-orders', (route) => route.fulfill({ json: order }))
  await press(fed, 'F9')
  await eventually(() => focus(fed), 'online-return', 'focus')
  await fed.keyboard.insertText(order.number)
  await press(fed, 'Enter')
  await fed.waitForSelector('[data-test=online-order]')
}

async function checkReturnLooks({ browser, page, shot }) {
  const stage = (name, view, returns, body) =>
    check(`online return ${name}: every size, language and theme, axe`, () =>
      withFed(browser, page('operator'), SIZE, view, async (fed) => {
        await told(fed, [], returns)
        await body(fed, `online-return-${name}`)
      }),
    )
  await stage('empty', sells(), [], async (fed, name) => {
    await press(fed, 'F9')
    await eventually(() => focus(fed), 'online-return', 'focus')
    await looks(fed, shot, name, ['[data-test=look-up-order]'])
  })
  await stage('list', sells(null, { notices: SLOW }), [...OPEN, ...DECIDED], async (fed, name) => {
    await press(fed, 'F9')
    await eventually(() => fed.locator('[data-test=online-return-row]').count(), 5, 'rows')
    await looks(fed, shot, name)
  })
  await stage('order', sells(), [], async (fed, name) => {
    await openReturn(fed, online())
    await looks(fed, shot, name, ['[data-test=take-back]'])
  })
  await stage('chosen', sells(), [], async (fed, name) => {
    await openReturn(fed, online({ back: cny(25_800) }))
    await fed.locator('[data-test=piece-more]').nth(1).click()
    await fed.locator('[data-test=reason-unfit]').click()
    await fed.locator('[data-test=saleable]').click()
    await eventually(
      () => fed.locator('[data-test=online-return-back]').textContent(),
      (text) => text.trim() === '¥258.00',
      'the sum',
    )
    await looks(fed, shot, name, ['[data-test=take-back]', '[data-test=online-return-back]'])
  })
  await stage('gift-missing', sells(), [], async (fed, name) => {
    await openReturn(fed, online({ problem: { ...NO, title: '赠品要一起退' } }))
    await fed.locator('[data-test=piece-more]').nth(1).click()
    await looks(fed, shot, name, ['[data-test=take-back]'])
  })
  await stage('nothing-left', sells(), [], async (fed, name) => {
    await openReturn(fed, online({ lines: [onlineLine(1, '海魂条纹长袖T恤', 2, 0)] }))
    await looks(fed, shot, name)
  })
  for (const outcome of [comesBack('M-0994', 'done'), OPEN[0]])
    await stage(`said-${outcome.state}`, sells(), [outcome, ...DECIDED], async (fed, name) => {
      await openReturn(fed, online({ back: cny(25_800) }))
      await fed.route('**/workstations/1/online-returns', (route) =>
        route.fulfill({ json: outcome }),
      )
      await fed.locator('[data-test=piece-more]').nth(1).click()
      await fed.locator('[data-test=reason-unfit]').click()
      await fed.locator('[data-test=not-saleable]').click()
      await eventually(() => fed.locator('[data-test=take-back]:enabled').count(), 1, 'the key')
      await press(fed, 'Enter')
      await fed.waitForSelector('[data-test=online-return-outcome]')
      await looks(fed, shot, name)
    })
}

async function checkHands({ browser, page }) {
  await check(
    'pickups: arrows go through the orders, and a typed code is still a code',
    async () => {
      const view = sells()
      await withFed(browser, page('operator'), SIZE, view, async (fed) => {
        await told(fed, MANY, [])
        const heard = await listen(fed, '**/pickup-codes', { ...sells(proven), revision: 2 })
        await press(fed, 'F6')
        await fed.waitForSelector('[data-test=open-pickup]')
        await press(fed, 'ArrowDown')
        const focused = () => fed.evaluate(() => document.activeElement?.dataset.test)
        await eventually(focused, 'open-pickup', 'focus')
        await typeDigits(fed, '12345678')
        await press(fed, 'NumpadEnter')
        await eventually(() => heard.length, 1, 'codes that were shown')
        same([heard[0][0], heard[0][2].code], ['POST', '12345678'], 'the code')
        await fed.waitForSelector('[data-test=hand-over]')
      })
    },
  )
  await check('pickups: goods that go into an order are never out of sight', async () => {
    const scanned = (seq) => ({ seq, outcome: 'pickup', line_id: null, problem: null })
    const view = sells(picking, { last_scan: scanned(1) })
    const body = async (fed) => {
      await told(fed, MANY, [])
      await fed.waitForSelector('[data-test=pickup]')
      await press(fed, 'F6')
      await eventually(() => mode(fed), 'sell', 'mode')
      await fed.say({ ...view, revision: 2, last_scan: scanned(2) })
      await fed.waitForSelector('[data-test=pickup]')
    }
    await withFed(browser, page('operator'), SIZE, view, body, 'pickups')
  })
  await check('pickups: no key reaches the cart that is under them', async () => {
    const view = sells()
    await withFed(browser, page('operator'), SIZE, view, async (fed) => {
      await told(fed, MANY, [])
      const heard = await listen(fed, '**/cart/**', { ...view, revision: 2 })
      await press(fed, 'F6')
      await fed.waitForSelector('[data-panel=pickups]')
      await press(fed, 'Delete', 'NumpadSubtract', 'Shift+Delete', 'Home', 'Space', 'F7')
      await press(fed, 'Escape')
      await eventually(() => mode(fed), 'sell', 'mode')
      same(heard, [], 'what was sent')
      await press(fed, 'Delete')
      await eventually(() => heard.length, 1, 'a line that is seen is voided')
    })
  })
  await check('pickups: once Tender has begun they are not in its way', async () => {
    const view = sells()
    await withFed(browser, page('operator'), SIZE, view, async (fed) => {
      await told(fed, MANY, [])
      await press(fed, 'F6')
      await fed.waitForSelector('[data-panel=pickups]')
      await fed.say({ ...operatorView('tender', rightsOf()), revision: 2 })
      await eventually(() => mode(fed), 'tender', 'mode')
      same(await fed.locator('[data-panel=pickups]').count(), 0, 'pickups over Tender')
    })
  })
}

/** What the stage does for us outside the store. */
async function stagehand(method, path, body) {
  const answer = await fetch(`${process.env.STAGEHAND}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await answer.text()
  holds(answer.ok, `the stagehand says ${answer.status}: ${text}`)
  return text === '' ? null : JSON.parse(text)
}
const place = (number, unpaid = false) => stagehand('POST', '/orders', { number, unpaid })
const cable = (weather) => stagehand('PUT', '/cable', { weather })

/** A whole life of an online order: heard of, put together, handed over, and back again. */
export async function checkOrders({ till, display, shot, operator, pin }) {
  if (!process.env.STAGEHAND) return
  const { page } = till
  const row = (order) => page.locator('[data-test=pickup-row]', { hasText: order.number })
  const state = async (order) => (await stagehand('GET', `/orders/${order.id}`)).state
  /** The list as the daemon tells it to this page. */
  const returns = () =>
    page.evaluate(async () => (await (await fetch('/api/v1/online-returns')).json()).returns)
  const stamp = Date.now() % 100_000
  const [paid, aside] = [`E${stamp}-1`, `E${stamp}-2`]
  let order
  let unpaidOrder

  await check('F6: an order of the shop is heard of and stands in the list', async () => {
    await signIn(till, operator, pin)
    order = await place(paid)
    unpaidOrder = await place(aside, true)
    await eventually(
      async () => (await till.view()).pickups,
      ({ waiting }) => waiting >= 2,
      'orders that wait',
    )
    await press(page, 'F6')
    await eventually(() => row(order).count(), 1, 'the row')
    const text = await row(order).textContent()
    holds(text.includes('138****5678') && text.includes('待配货'), text)
    await shot(page, 'pickups-live-list')
    await axe(page)
  })
  await check('it is put together by scan, and nothing of it is sold', async () => {
    await row(order).locator('[data-test=open-pickup]').click()
    await page.waitForSelector('[data-test=make-ready]')
    holds(await page.locator('[data-test=make-ready]').isDisabled(), 'ready before it is whole')
    const counts = () => page.locator('[data-test=pickup] .count').allTextContents()
    const [first, , second] = order.pieces
    await scan(page, first)
    await eventually(counts, ['1 / 2', '0 / 1'], 'pieces')
    await scan(page, [first, second])
    await eventually(counts, ['2 / 2', '1 / 1'], 'pieces')
    await scan(page, second)
    await eventually(alert(page), (text) => text !== '', 'one too many is refused')
    same(await counts(), ['2 / 2', '1 / 1'], 'pieces')
    same((await till.view()).cart.lines, [], 'lines of the cart')
    await shot(page, 'pickups-live-whole')
    await press(page, 'Escape', 'NumpadEnter')
    // It lies on its shelf now, and the list is there for the next.
    await eventually(
      () => row(order).textContent(),
      (text) => text.includes('待提货'),
      'state',
    )
    await eventually(() => state(order), 'ready', 'the state at the mall', REUNION_MS)
  })
  await check('with the cable cut a wrong code opens nothing and the right one does', async () => {
    await cable('cut')
    same((await till.view()).pickup, null, 'the open order')
    const wrong = order.code === '00000000' ? '00000001' : '00000000'
    await till.forgetTones()
    await typeDigits(page, wrong)
    await press(page, 'NumpadEnter')
    await eventually(alert(page), (text) => text !== '', 'strip')
    same((await till.tones()).at(-1), 'miss', 'tone')
    same((await till.view()).pickup, null, 'the open order')
    await shot(page, 'pickups-live-wrong-code')
    await axe(page)
    await typeDigits(page, order.code)
    await press(page, 'NumpadEnter')
    await page.waitForSelector('[data-test=hand-over]')
    same(await alert(page)(), '', 'strip')
    await eventually(display.mode, 'pickup', "the shopper's screen")
    await shot(page, 'pickups-live-proven')
    await shot(display.page, 'pickups-live-customer')
    await axe(display.page)
  })
  await check('Enter hands it over, and the same code is no use a second time', async () => {
    await press(page, 'NumpadEnter')
    await eventually(async () => (await till.view()).pickup?.state, 'handed_over', 'state')
    same(await state(order), 'ready', 'the mall has not heard')
    await press(page, 'Escape')
    await eventually(async () => (await till.view()).pickup, null, 'the open order')
    await typeDigits(page, order.code)
    await press(page, 'NumpadEnter')
    await eventually(alert(page), (text) => text !== '', 'typed again')
    await shot(page, 'pickups-live-second-use')
    await press(page, 'Escape')
    same(await alert(page)(), '', 'strip')
    await scan(page, order.token)
    await eventually(alert(page), (text) => text !== '', 'scanned again')
    same((await till.view()).pickup, null, 'the open order')
    await press(page, 'Escape', 'Escape')
    await eventually(till.mode, 'sell', 'mode')
    await cable('fair')
    await eventually(() => state(order), 'handed_over', 'the state at the mall', REUNION_MS)
  })
  await check('what was only set aside is released and then sold like anything else', async () => {
    await scan(page, unpaidOrder.token)
    await page.waitForSelector('[data-test=pickup]')
    await page.locator('[data-test=pickup] button').first().click()
    await page.waitForSelector('[data-test=make-ready]')
    await scan(page, unpaidOrder.pieces)
    await eventually(() => page.locator('[data-test=make-ready]:enabled').count(), 1, 'whole')
    await press(page, 'NumpadEnter')
    await eventually(async () => (await till.view()).pickup, null, 'the open order')
    await scan(page, unpaidOrder.token)
    await page.waitForSelector('[data-test=hand-over]')
    await press(page, 'NumpadEnter')
    await eventually(async () => (await till.view()).pickup?.state, 'handed_over', 'state')
    await press(page, 'Escape', 'Escape')
    await eventually(async () => (await till.view()).pickup, null, 'the open order')
    await scan(page, unpaidOrder.pieces[0])
    await eventually(async () => (await till.skus()).length, 1, 'lines')
  })

  const choose = async (line) => {
    await page.locator('[data-test=piece-more]').nth(line).click()
    await page.locator('[data-test=reason-unfit]').click()
    await page.locator('[data-test=saleable]').click()
    await eventually(() => page.locator('[data-test=take-back]:enabled').count(), 1, 'the key')
  }
  const lookUp = async (text) => {
    await eventually(() => focus(page), 'online-return', 'focus')
    await page.keyboard.insertText(text)
    await press(page, 'Enter')
  }
  const left = () => page.locator('[data-test=online-order] .left').allTextContents()
  const outcome = () => page.locator('[data-test=online-return-outcome]').textContent()
  const rowOf = (n) => page.locator('[data-test=online-return-row]').nth(n).textContent()

  await check(
    'F9: an order that nobody knows is told, and one that is known is shown',
    async () => {
      await signIn(till, operator, pin)
      // What was away a moment ago is asked again before it is said to be up.
      await eventually(async () => (await till.view()).link.mall, 'up', 'the mall', REUNION_MS)
      await press(page, 'F9')
      await lookUp(`${paid}-none`)
      await eventually(alert(page), (text) => text.includes('没有这张线上订单'), 'strip')
      await shot(page, 'online-return-live-unknown')
      await press(page, 'Escape', 'Escape')
      same(await page.locator('#online-return').inputValue(), '', 'the field')
      await lookUp(paid)
      await page.waitForSelector('[data-test=online-order]')
      same(await alert(page)(), '', 'strip')
      same((await left()).length, 2, 'lines')
      holds(await page.locator('[data-test=take-back]').isDisabled(), 'nothing is chosen yet')
      await axe(page)
    },
  )
  await check(
    'what is chosen is asked of the mall to the fen, and Enter takes it back',
    async () => {
      await choose(0)
      const shown = (await page.locator('[data-test=online-return-back]').textContent()).trim()
      await shot(page, 'online-return-live-chosen')
      await press(page, 'Enter')
      await eventually(
        () => page.locator('[data-test=online-return-outcome]').count(),
        1,
        'outcome',
      )
      const [newest] = await returns()
      same([newest.state, newest.pieces, newest.number], ['done', 1, paid], 'the return')
      same(money(newest.amount), shown, 'what goes back')
      holds((await outcome()).includes(shown), await outcome())
      await shot(page, 'online-return-live-done')
      await axe(page)
      await lookUp(order.token)
      await page.waitForSelector('[data-test=online-order]')
      holds((await left())[0].includes('还可退 1 件，共 2 件'), (await left())[0])
    },
  )
  await check('what came back elsewhere meanwhile is refused, and what is left shown', async () => {
    await choose(0)
    // Somebody else takes the very piece back, with the order still open on this screen.
    const [, other] = await page.evaluate(
      async ([number, returnId]) => {
        const send = async (rest, body) => {
          const answer = await fetch(`/api/v1/workstations/1/${rest}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          })
          return [answer.status, await answer.json()]
        }
        const lines = [{ number: 1, pieces: 1 }]
        const [, found] = await send('online-orders', { presented: number, lines })
        return send('online-returns', {
          id: returnId,
          order_id: found.order_id,
          number,
          lines,
          reason: 'other',
          saleable: false,
          amount: found.back,
        })
      },
      [paid, crypto.randomUUID()],
    )
    same(other.state, 'done', 'the other return')
    await press(page, 'Enter')
    await eventually(alert(page), (text) => text.includes('没有这么多件可退'), 'strip')
    await eventually(
      left,
      (lines) => lines[0]?.includes('还可退 0 件，共 2 件'),
      'what is left of the first line',
    )
    same((await returns()).length, 3, 'returns')
    await shot(page, 'online-return-live-refused')
    await axe(page)
  })
  await check(
    'without an answer it stays open, is told at the pickups, and is settled',
    async () => {
      await choose(1)
      await cable('half')
      await press(page, 'Enter')
      await eventually(
        () => page.locator('[data-test=online-return-outcome]').count(),
        1,
        'outcome',
      )
      same((await returns())[0].state, 'pending', 'state')
      holds((await outcome()).includes('商品留在柜台'), await outcome())
      holds((await rowOf(0)).includes('等总部答复'), await rowOf(0))
      await shot(page, 'online-return-live-pending')
      await press(page, 'Escape')
      await eventually(till.mode, 'sell', 'mode')
      await press(page, 'F6')
      await page.waitForSelector('[data-test=open-returns]')
      const told = await page.locator('[data-test=open-returns]').textContent()
      holds(told.includes(paid) && told.includes('商品留在柜台'), told)
      await shot(page, 'pickups-live-open-return')
      await cable('fair')
      await eventually(async () => (await returns())[0].state, 'done', 'state', REUNION_MS)
      await eventually(() => page.locator('[data-test=open-returns]').count(), 0, 'what is open')
      await press(page, 'F9')
      await lookUp(paid)
      await page.waitForSelector('[data-test=online-order]')
      holds(
        (await page.locator('[data-test=online-order]').textContent()).includes('全部退过'),
        'end',
      )
      await press(page, 'Escape', 'Escape')
      await eventually(till.mode, 'sell', 'mode')
      await eventually(async () => (await till.view()).link.mall, 'up', 'the mall', REUNION_MS)
    },
  )
}

/** All of it that needs only the pages. */
export async function checkOrderLooks(stage) {
  await checkPickupLooks(stage)
  await checkReturnLooks(stage)
  await checkHands(stage)
}
