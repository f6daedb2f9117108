// Who buys, on pages that are told it: by number or by code, what they have, points, balance, coupons of the brand's
// own; what is shown, what is sent, and that nothing is cut, covered or beyond a finger.
import {
  axe,
  check,
  cut,
  eventually,
  holds,
  inSight,
  press,
  same,
  scan,
  withFed,
} from './harness.mjs'
import { signIn } from './till.mjs'
import {
  cart,
  cny,
  customerTender,
  customerView,
  listen,
  nothing,
  operatorView,
  rightsOf,
  small,
} from './views.mjs'

const PHONE = '13812345678'
const COUPON = 'C1.AQAAAAAAAAAA.c2lnbmVk'
const LONG = '会员专享满三百减五十品牌优惠券（周末节假日通用）'
const OTHER = { 'zh-CN': 'en', en: 'zh-CN' }

const member = (more = {}) => ({
  name: '欧*',
  phone: '138****5678',
  tier: '金卡',
  is_known: true,
  is_proven: true,
  is_staff: false,
  funds: { points: 12_480, points_here: 600, balance: cny(20_000), balance_here: cny(12_000) },
  points_earned: 307,
  points_spent: 0,
  points_to_pay: 0,
  points_pay: true,
  balance_part: nothing,
  balance_to_pay: nothing,
  ...more,
})
const coupon = (more = {}) => ({
  id: '019a0000-0000-7000-8000-0000000000c1',
  title: '满30减10',
  expires_at: '2099-12-31T15:59:59Z',
  personal: false,
  saved: cny(1_000),
  takes_part: true,
  ...more,
})
const byNumber = member({ is_proven: false, funds: null })
const spending = member({
  points_spent: 600,
  points_to_pay: 600,
  balance_part: cny(12_000),
  balance_to_pay: cny(12_000),
})
const stranger = member({
  name: '',
  phone: '',
  tier: '',
  is_known: false,
  funds: null,
  points_pay: false,
})
const coupons = [coupon(), coupon({ id: 'c2', title: LONG, saved: nothing, takes_part: false })]
const many = Array.from({ length: 10 }, (_, at) => coupon({ id: `c${at}`, title: LONG }))
/** What is said of who buys while their cart stands. */
function says(who, more = {}, phase = 'sell') {
  const balance = who?.balance_part ?? nothing
  const rights = rightsOf({ balance, left: cny(cart.total.amount - balance.amount) })
  return operatorView(phase, rights, { member: who, ...more })
}

const OPERATOR = [
  ['nobody', says(null)],
  ['number', says(byNumber)],
  ['code', says(member(), { coupons: [coupon()] })],
  ['spending', says(spending, { coupons })],
  ['many', says(spending, { coupons: many })],
  ['tender', says(spending, { coupons }, 'tender')],
  ['unknown', says(stranger)],
  ['staff', says(member({ is_staff: true, name: '司马*', tier: '黑钻至尊年卡' }))],
]
const OPERATOR_SIZES = [
  [1024, 600],
  [1366, 768],
  [1920, 1080],
]

const shown = (more = {}) => ({
  name: '欧*',
  phone: '138****5678',
  tier: '金卡',
  funds: null,
  points_earned: 307,
  points_spent: 0,
  balance_part: nothing,
  coupons: [],
  ...more,
})
const rich = shown({
  funds: spending.funds,
  points_spent: 600,
  balance_part: cny(12_000),
  coupons: ['满30减10', LONG],
})
const bought = {
  pieces: cart.pieces,
  lines: cart.lines,
  newest_line_id: cart.newest_line_id,
  saved: nothing,
  total: cart.total,
  adjustments: [],
  hints: [],
}
const CUSTOMER = [
  ['greeted', customerView('cart', { cart: bought, member: shown() })],
  ['cart', customerView('cart', { cart: bought, member: rich })],
  [
    'tender',
    customerView('tender', { cart: bought, tender: customerTender(18_717), member: rich }),
  ],
  [
    'unnamed',
    customerView('cart', { cart: bought, member: shown({ name: '', phone: '', tier: '' }) }),
  ],
  [
    'many',
    customerView('cart', { cart: bought, member: { ...rich, coupons: many.map(() => LONG) } }),
  ],
]
const CUSTOMER_SIZES = [
  [1024, 600],
  [1280, 800],
  [1920, 1080],
]

const SIZE = { width: 1366, height: 768 }
const mode = (fed) => fed.evaluate(() => document.documentElement.dataset.mode)
const inLanguage = async (fed, lang) => {
  await fed.locator(`header button[lang]`).click()
  await eventually(() => fed.evaluate(() => document.documentElement.lang), lang, 'lang')
}

/** Rows of the strip that end under what stands below it. */
const covered = (fed) =>
  fed.evaluate(() => {
    const strip = document.querySelector('[data-test=member]')
    const below = document.querySelector('.side .keys, .side > .kind-primary')
    if (!strip || !below) return []
    const [one, other] = [strip, below].map((part) => part.getBoundingClientRect())
    return one.bottom > other.top ? [`the strip ends at ${one.bottom}, under ${other.top}`] : []
  })

async function checkOperator({ browser, page, shot }) {
  for (const [name, view] of OPERATOR)
    await check(`member ${name}: strip and panel, nothing cut, keys for fingers, axe`, async () => {
      await withFed(browser, page('operator'), SIZE, view, async (fed) => {
        for (const panel of [false, true]) {
          if (panel) {
            await press(fed, 'F3')
            await eventually(() => mode(fed), 'member', 'mode')
            await eventually(() => fed.locator('#member').count(), 1, 'panel')
          }
          const part = panel ? 'panel' : 'strip'
          for (const lang of ['en', 'zh-CN']) {
            const now = await fed.evaluate(() => document.documentElement.lang)
            if (now !== lang) await inLanguage(fed, OTHER[now])
            for (const [width, height] of OPERATOR_SIZES) {
              await fed.setViewportSize({ width, height })
              await shot(fed, `member-${part}-${name}-${lang}-${width}x${height}`)
              await eventually(() => cut(fed), [], `cut at ${width}×${height} ${lang}`)
              await eventually(
                () => small(fed, '.panel button, .side > button'),
                [],
                `keys at ${width}`,
              )
              const isSeen = () => inSight(fed.locator('.side > .kind-primary'), height)
              await eventually(isSeen, true, `the primary key in sight at ${width}`)
              await eventually(() => covered(fed), [], `covered at ${width}×${height} ${lang}`)
            }
          }
          await fed.setViewportSize(SIZE)
          await axe(fed)
        }
        same(fed.complaints, [], 'complaints')
      })
    })
}

async function checkAsking({ browser, page, shot }) {
  await check('a number is typed and sent in a body, and is nowhere afterwards', async () => {
    await withFed(browser, page('operator'), SIZE, says(null), async (fed) => {
      const heard = await listen(fed, '**/member', { ...says(byNumber), revision: 2 })
      await press(fed, 'F3')
      await eventually(() => fed.evaluate(() => document.activeElement?.id), 'member', 'focus')
      await fed.keyboard.type(PHONE, { delay: 60 })
      await press(fed, 'Enter')
      await eventually(() => heard.length, 1, 'asked')
      const [method, path, body] = heard[0]
      same([method, path], ['POST', '/api/v1/workstations/1/member'], 'request')
      same([body.code, body.order_id], [PHONE, cart.order_id], 'body')
      await eventually(() => fed.locator('[data-test=member-card]').count(), 1, 'card')
      const left = await fed.evaluate(() => document.documentElement.outerHTML)
      holds(!left.includes(PHONE), 'the number is on the page')
      same(await fed.locator('#member').inputValue(), '', 'the field')
      same(await fed.locator('[data-test=use-points], [data-test=use-balance]').count(), 0, 'keys')
      await press(fed, 'Escape')
      await eventually(() => mode(fed), 'sell', 'mode')
    })
  })
  await check('a number that nobody has is told, and does not stay on the page', async () => {
    await withFed(browser, page('operator'), SIZE, says(null), async (fed) => {
      const detail = '没有 138****5678 这位会员。'
      await fed.route('**/member', (route) =>
        route.fulfill({
          status: 404,
          contentType: 'application/problem+json',
          json: { type: '/problems/member-unknown', status: 404, title: '找不到会员', detail },
        }),
      )
      await press(fed, 'F3')
      await eventually(() => fed.evaluate(() => document.activeElement?.id), 'member', 'focus')
      await fed.keyboard.type(PHONE, { delay: 60 })
      await press(fed, 'Enter')
      const alert = async () => (await fed.locator('.strip[role=alert]').allTextContents()).join('')
      await eventually(alert, (text) => text.includes(detail), 'strip')
      await shot(fed, 'member-panel-refused')
      const left = await fed.evaluate(() => document.documentElement.outerHTML)
      holds(!left.includes(PHONE), 'the number is on the page')
      await axe(fed)
    })
  })
  await check('points and balance are set by who showed their code, and taken back', async () => {
    await withFed(browser, page('operator'), SIZE, says(member()), async (fed) => {
      const points = await listen(fed, '**/member/points', { ...says(spending), revision: 2 })
      const balance = await listen(fed, '**/member/balance', { ...says(spending), revision: 3 })
      // One call at a time: what is asked while an answer is on its way is not sent.
      const isAnswered = () => fed.locator('[data-test=use-balance]').isEnabled()
      await press(fed, 'F3')
      await eventually(() => fed.locator('[data-test=use-points]').count(), 1, 'panel')
      await fed.locator('[data-test=use-points]').click()
      await eventually(() => points.length, 1, 'points')
      same([points[0][0], points[0][2].points], ['PUT', 600], 'points')
      await eventually(isAnswered, true, 'answered')
      await fed.locator('[data-test=no-points]').click()
      await eventually(() => points.length, 2, 'no points')
      same(points[1][2].points, 0, 'points')
      await eventually(isAnswered, true, 'answered')
      await fed.locator('#balance').fill('30.5')
      await press(fed, 'Enter')
      await eventually(() => balance.length, 1, 'balance')
      same(balance[0][2].amount, cny(3_050), 'balance')
      await eventually(isAnswered, true, 'answered')
      await fed.locator('[data-test=no-balance]').click()
      await eventually(() => balance.length, 2, 'no balance')
      same(balance[1][2].amount, nothing, 'balance')
    })
  })
  await check('a coupon of ours goes where coupons are taken, and comes off', async () => {
    await withFed(browser, page('operator'), SIZE, says(null), async (fed) => {
      const heard = await listen(fed, '**/coupons', { ...says(null, { coupons }), revision: 2 })
      await press(fed, 'F8')
      await eventually(() => fed.evaluate(() => document.activeElement?.id), 'redeem', 'focus')
      await fed.keyboard.insertText(COUPON)
      await press(fed, 'Enter')
      await eventually(() => heard.length, 1, 'taken')
      same(heard[0][2].code, COUPON, 'body')
      await press(fed, 'Escape', 'F3')
      await eventually(() => fed.locator('[data-test=coupon]').count(), 2, 'coupons')
      const off = await listen(fed, '**/coupons/**', { ...says(null), revision: 3 })
      await fed.locator('[data-test=coupon] button').first().click()
      await eventually(() => off.length, 1, 'off')
      same(off[0].slice(0, 2), ['DELETE', `/api/v1/workstations/1/coupons/${coupon().id}`], 'call')
    })
  })
}

async function checkCustomer({ browser, page, shot }) {
  for (const [name, view] of CUSTOMER)
    await check(`customer member ${name}: nothing cut, one h1, axe`, async () => {
      for (const [width, height] of CUSTOMER_SIZES)
        await withFed(browser, page('customer'), { width, height }, view, async (fed) => {
          await shot(fed, `member-customer-${name}-${width}x${height}`)
          await eventually(() => cut(fed), [], `cut at ${width}×${height}`)
          same(await fed.locator('h1').count(), 1, 'h1')
          const isSeen = () => inSight(fed.locator('[data-test=due]'), height)
          await eventually(isSeen, true, `the due in sight at ${width}`)
          if (width === 1024) await axe(fed)
        })
    })
}

/** A sale to a member of the store's own, who shows their phone to a scanner; both screens, a running daemon. */
export async function checkMemberSale({ till, display, shot, code, operator, pin }) {
  const [phone, shownCode] = [process.env.MEMBER, process.env.MEMBER_CODE]
  if (!phone || !shownCode) return
  const masked = `${phone.slice(0, 3)}****${phone.slice(7)}`
  const paid = cny(100)
  await check(
    'a member is scanned, pays a part from balance, and stands nowhere in clear',
    async () => {
      await signIn(till, operator, pin)
      await scan(till.page, code)
      await eventually(async () => (await till.skus()).length, 1, 'lines')
      // The store hears of its members with its feed.
      const isKnown = async () => {
        await scan(till.page, shownCode)
        return (await till.view()).member?.is_known === true
      }
      await eventually(isKnown, true, 'the member')
      const shows = (target) => () => target.page.locator('[data-test=member]').allTextContents()
      for (const target of [till, display])
        await eventually(shows(target), (all) => all.join('').includes(masked), masked)
      await shot(display.page, 'member-sale-customer')
      await press(till.page, 'F3')
      await till.page.locator('#balance').fill('1')
      await press(till.page, 'Enter')
      await eventually(async () => (await till.view()).member.balance_part, paid, 'balance')
      await shot(till.page, 'member-sale-panel')
      for (const target of [till, display]) {
        const html = await target.page.evaluate(() => document.documentElement.outerHTML)
        const marks = [phone, shownCode].filter((mark) => html.includes(mark))
        same(marks, [], 'in clear on a page')
      }
      await press(till.page, 'Escape', 'Space')
      await eventually(till.mode, 'tender', 'mode')
      const { cart: bill, rights } = await till.view()
      same(rights.left.amount, bill.total.amount - paid.amount, 'left to pay')
      await press(till.page, 'Enter')
      await eventually(till.mode, 'done', 'mode')
      const kinds = (await till.view()).last_order.tendered.map(({ kind }) => kind)
      same(kinds.sort(), ['balance', 'cash'], 'tenders')
      same((await till.view()).member, null, 'who buys next')
    },
  )
}

/** All of it; needs only the pages. */
export async function checkMembers(stage) {
  await checkOperator(stage)
  await checkAsking(stage)
  await checkCustomer(stage)
}
