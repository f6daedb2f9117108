// Douyin, WeChat and Alipay at a till, for real: shoppers get vouchers, coupons and payment codes of the houses that the
// stage simulates, and store and mall ask those houses over their wire. No view and no answer here is the test's own.
// HOUSES_URL is where shoppers get them, HOURS_URL lets time pass; without them nothing is asked of any house.
import { axe, check, eventually, holds, looks, press, same, scan, typeDigits } from './harness.mjs'
import { clearCounter, money, signIn } from './till.mjs'
import { small } from './views.mjs'

const { HOUSES_URL, HOURS_URL, MANAGER, MANAGER_PIN } = process.env

/** Whether there are any. */
export const hasHouses = Boolean(HOUSES_URL && HOURS_URL)

async function ask(url, body) {
  const init = body && {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
  const answer = await fetch(url, init)
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return answer.status === 204 ? null : answer.json()
}

const issue = (what) => (more) => ask(`${HOUSES_URL}/api/${what}`, more ?? {})

/** What shoppers get, and what the houses hold. */
export const houses = {
  voucher: issue('douyin/vouchers'),
  coupon: async (more) => (await issue('wechat/coupons')(more)).code,
  code: async (house, behaviour) =>
    (await issue(`${house}/codes`)(behaviour ? { behaviour } : {})).code,
  goesWrong: (platform, operation, kind) =>
    ask(`${HOUSES_URL}/api/faults`, [{ platform, operation, fault: { kind }, times: 1 }]),
  balance: async (platform) => {
    const { balances } = await ask(`${HOUSES_URL}/api/state`)
    return balances.find((one) => one.platform === platform).balance
  },
}

/** Lets so many seconds pass for store, mall and houses. */
export const letPass = (seconds) => ask(HOURS_URL, { seconds })

/** After so many seconds a house is asked again. */
const ASKED_AGAIN_S = 6
/** Longer than anybody is given for it. */
const TOO_LONG_S = 130
/** What a voucher of Douyin and a coupon of WeChat are good for here, in fen. */
const WORTH = 5_000
const OFF = 500

/** Lets the house be asked again, and waits until `read` answers what is expected. */
export async function whilePaying(read, expected, what) {
  await letPass(ASKED_AGAIN_S)
  return eventually(read, expected, what)
}

const OPERATOR_SIZES = [
  [1024, 600],
  [1366, 768],
  [1920, 1080],
]
const CUSTOMER_SIZES = [
  [1024, 600],
  [1280, 800],
  [1920, 1080],
]

async function turnOperator(page, lang) {
  const now = await page.evaluate(() => document.documentElement.lang)
  if (now !== lang) await page.locator('header button[lang]').click()
  await eventually(() => page.evaluate(() => document.documentElement.lang), lang, 'lang')
  // The stream begins anew, in the other language.
  await eventually(() => page.evaluate(() => document.documentElement.dataset.link), 'live', 'link')
}

/** A display has no keys: its language is what its box remembers. */
async function turnDisplay(page, lang) {
  const mode = await page.evaluate(() => document.documentElement.dataset.mode)
  await page.evaluate((one) => localStorage.setItem('guitai.language', one), lang)
  await page.reload()
  await eventually(() => page.evaluate(() => document.documentElement.lang), lang, 'lang')
  await eventually(() => page.evaluate(() => document.documentElement.dataset.mode), mode, 'mode')
}

/** Looks at what both screens of a workstation show. */
function bothLook({ till, display, shot }) {
  const operator = (name, parts = '[data-test=rights] button, .side > button') =>
    looks(till.page, shot, `houses-operator-${name}`, {
      sizes: OPERATOR_SIZES,
      turn: (lang) => turnOperator(till.page, lang),
      keys: (page) => small(page, parts),
    })
  const customer = async (name) => {
    await looks(display.page, shot, `houses-customer-${name}`, {
      sizes: CUSTOMER_SIZES,
      turn: (lang) => turnDisplay(display.page, lang),
    })
    same((await display.headings()).length, 1, 'h1')
  }
  return { operator, customer }
}

const rights = async (till) => (await till.view()).rights
const newest = async (till) => (await rights(till)).redemptions.at(-1)
const payment = async (till) => (await rights(till)).payments.at(-1)
const textOf = async (page, selector) => (await page.locator(selector).first().textContent()).trim()
const kinds = async (till) =>
  (await till.view()).last_order.tendered.map(({ kind, amount }) => [kind, amount.amount])

/** What is worth money to whoever reads it stands on no page. */
async function isNowhere(pages, marks) {
  for (const { page } of pages) {
    const html = await page.evaluate(() => document.documentElement.outerHTML)
    same(
      marks.filter((mark) => html.includes(mark)),
      [],
      'on a page',
    )
  }
}

/** Fills the counter with one of these goods: the total. */
async function fill(till, code) {
  await clearCounter(till)
  await scan(till.page, code)
  await eventually(async () => (await till.skus()).length, 1, 'lines')
  const total = (await till.view()).cart.total.amount
  holds(total > WORTH, `${total} fen leave nothing beside a voucher`)
  return total
}

async function toTender(till) {
  await press(till.page, 'Space')
  await eventually(till.mode, 'tender', 'mode')
}

/** A manager undoes the newest order, with a reason. */
async function undo(till, shot, look) {
  await press(till.page, 'Control+Delete')
  await eventually(() => till.page.locator('dialog').count(), 1, 'it is asked')
  await press(till.page, 'Enter')
  same((await till.view()).last_order.undone, false, 'undone without a reason')
  await till.page.getByRole('button', { name: '商品扫错' }).click()
  await look('post-void')
  await till.page.locator('#why').focus()
  await press(till.page, 'Enter')
  await eventually(() => till.page.locator('dialog').count(), 0, 'the question')
  await eventually(() => textOf(till.page, '.seal .word'), '作废', 'seal')
  same(await till.page.locator('[data-test=post-void]').count(), 0, 'a second undoing')
}

async function vouchers(stage, look) {
  const { till, display, shot, code } = stage
  await check("a voucher's link is scanned, its worth shown, and nothing is used", async () => {
    const total = await fill(till, code)
    const before = await houses.balance('douyin')
    const { link, codes } = await houses.voucher()
    await scan(till.page, link)
    await eventually(async () => (await newest(till))?.state, 'looked_up', 'the look-up')
    same((await newest(till)).amount.amount, WORTH, 'worth')
    const row = await textOf(till.page, '[data-test=rights] li')
    holds(row.includes('50元代金券') && row.includes('¥50.00'), row)
    same(await houses.balance('douyin'), before, 'what Douyin holds')
    await isNowhere([till, display], [link, ...codes])
    await look.operator('voucher')
    await press(till.page, 'F8')
    await eventually(till.mode, 'redeem', 'mode')
    await look.operator('voucher-redeem', '.body button')
    await press(till.page, 'Escape')
    await eventually(till.mode, 'sell', 'mode')
    await toTender(till)
    await eventually(till.due, money((await till.view()).tender.cash.due), 'due beside the voucher')
    same((await rights(till)).left.amount, total - WORTH, 'left')
    await look.operator('voucher-tender')
    await look.customer('voucher-tender')
  })
  await check('it is used with the order, once, and undone within the hour', async () => {
    const before = await houses.balance('douyin')
    await press(till.page, 'Enter')
    await eventually(till.mode, 'done', 'mode')
    const [first] = await kinds(till)
    same(first, ['voucher', WORTH], 'tenders')
    same((await houses.balance('douyin')).redeemed_count, before.redeemed_count + 1, 'in use')
    await look.operator('voucher-done')
    await undo(till, shot, (name) =>
      looks(till.page, shot, `houses-operator-${name}`, { sizes: OPERATOR_SIZES }),
    )
    await eventually(
      async () => (await houses.balance('douyin')).redeemed_count,
      before.redeemed_count,
      'given back',
    )
    await look.operator('voucher-undone')
  })
  await check('of several vouchers so many are chosen, and taken off again', async () => {
    await fill(till, code)
    const { link } = await houses.voucher({ count: 3, market_fen: 1_000 })
    await scan(till.page, link)
    await eventually(async () => (await newest(till))?.choice?.count, 1, 'one of them')
    await press(till.page, 'F8')
    await eventually(till.mode, 'redeem', 'mode')
    await eventually(() => till.page.locator('.offer').count(), 1, 'offers')
    await till.page.getByRole('button', { name: '多用一张' }).click()
    await eventually(async () => (await newest(till)).choice?.count, 2, 'counted')
    same((await newest(till)).amount.amount, 2_000, 'worth')
    await look.operator('vouchers-chosen', '.body button')
    await press(till.page, 'Escape')
    await eventually(till.mode, 'sell', 'mode')
    await till.page.locator('[data-test=take-off]').click()
    await eventually(
      async () => (await rights(till)).redemptions.filter((one) => one.takes_part).length,
      0,
      'taken off',
    )
  })
  await check('a voucher that covers all of it is used with nothing in hand', async () => {
    const total = await fill(till, code)
    const { link } = await houses.voucher({ market_fen: total })
    await scan(till.page, link)
    await eventually(async () => (await rights(till)).left.amount, 0, 'left')
    await toTender(till)
    await till.page.waitForSelector('[data-test=covered]')
    await look.operator('voucher-covers')
    await press(till.page, 'Enter')
    await eventually(till.mode, 'done', 'mode')
    same(await kinds(till), [['voucher', total]], 'tenders')
  })
  await check('a voucher of which nobody hears is waited for, and found used', async () => {
    await fill(till, code)
    const { link } = await houses.voucher()
    await scan(till.page, link)
    await eventually(async () => (await newest(till))?.state, 'looked_up', 'the look-up')
    await houses.goesWrong('douyin', 'verify', 'cut_after')
    await toTender(till)
    await press(till.page, 'Enter')
    await eventually(till.mode, 'wait', 'mode')
    await eventually(display.mode, 'wait', "the customer's mode")
    await look.operator('voucher-wait')
    await look.customer('voucher-wait')
    await whilePaying(async () => (await newest(till)).state, 'redeemed', 'the voucher')
    await eventually(till.mode, 'tender', 'mode')
    await look.operator('voucher-used')
    await press(till.page, 'Enter')
    await eventually(till.mode, 'done', 'mode')
    same((await kinds(till))[0], ['voucher', WORTH], 'tenders')
  })
  await check('a used voucher is refused in words, and the code stays to be mended', async () => {
    await fill(till, code)
    const spent = await houses.voucher()
    await scan(till.page, spent.link)
    await eventually(async () => (await newest(till))?.state, 'looked_up', 'the look-up')
    await toTender(till)
    await press(till.page, 'Enter')
    await eventually(till.mode, 'done', 'mode')
    await fill(till, code)
    await press(till.page, 'F8')
    await eventually(() => till.page.evaluate(() => document.activeElement?.id), 'redeem', 'focus')
    await till.page.keyboard.type(spent.codes[0], { delay: 60 })
    await press(till.page, 'Enter')
    await eventually(till.alert, (text) => text !== '', 'strip')
    same(await till.page.locator('#redeem').inputValue(), spent.codes[0], 'the field')
    await look.operator('voucher-refused', '.body button')
    await press(till.page, 'Escape', 'Escape')
    await eventually(till.mode, 'sell', 'mode')
  })
}

async function coupons({ till, display, code }, look) {
  await check(
    'a merchant coupon of WeChat is typed, reduces, and is used with the order',
    async () => {
      const total = await fill(till, code)
      const before = await houses.balance('wechat')
      const coupon = await houses.coupon()
      await press(till.page, 'F8')
      await eventually(
        () => till.page.evaluate(() => document.activeElement?.id),
        'redeem',
        'focus',
      )
      await till.page.keyboard.type(coupon, { delay: 60 })
      await press(till.page, 'Enter')
      await eventually(async () => (await newest(till))?.takes_part, true, 'the coupon')
      same((await till.view()).cart.total.amount, total - OFF, 'the total')
      same(await till.page.locator('#redeem').inputValue(), '', 'the field')
      await look.operator('coupon-redeem', '.body button')
      await press(till.page, 'Escape')
      await isNowhere([till, display], [coupon])
      await look.operator('coupon')
      await look.customer('coupon')
      same((await houses.balance('wechat')).redeemed_count, before.redeemed_count, 'in use')
      await toTender(till)
      await press(till.page, 'Enter')
      await eventually(till.mode, 'done', 'mode')
      same((await houses.balance('wechat')).redeemed, before.redeemed + OFF, 'what was taken off')
    },
  )
}

async function payments({ till, display, code }, look) {
  await check('a payment code pays at once, and stands on no page', async () => {
    const total = await fill(till, code)
    const before = await houses.balance('wechat')
    await toTender(till)
    const shown = await houses.code('wechat')
    await scan(till.page, shown)
    await eventually(till.mode, 'done', 'mode')
    same(await kinds(till), [['wechat', total]], 'tenders')
    same((await houses.balance('wechat')).held, before.held + total, 'what WeChat holds')
    await eventually(display.mode, 'paid', "the customer's mode")
    await isNowhere([till, display], [shown])
    await look.operator('paid')
  })
  await check('a part by code, typed first; the rest in cash', async () => {
    const total = await fill(till, code)
    await toTender(till)
    await typeDigits(till.page, '20')
    await press(till.page, 'F2')
    await eventually(() => till.page.locator('#payment-code').count(), 1, 'field')
    same(await textOf(till.page, '[data-test=charge]'), '¥20.00', 'what is charged')
    await looks(till.page, async () => {}, 'houses-operator-code', { sizes: OPERATOR_SIZES })
    const shown = await houses.code('alipay')
    await scan(till.page, shown)
    await eventually(async () => (await payment(till))?.state, 'paid', 'the part')
    await isNowhere([till, display], [shown])
    await eventually(async () => (await rights(till)).left.amount, total - 2_000, 'left')
    await look.operator('part')
    await look.customer('part')
    await press(till.page, 'Enter')
    await eventually(till.mode, 'done', 'mode')
    same((await kinds(till))[0], ['alipay', 2_000], 'tenders')
  })
  await check('a payer who types a password is waited for, and pays', async () => {
    const total = await fill(till, code)
    await toTender(till)
    const key = await till.page.locator('[data-test=complete]').boundingBox()
    await scan(till.page, await houses.code('alipay', { kind: 'paying_then_pays', polls: 0 }))
    await eventually(till.mode, 'wait', 'mode')
    await eventually(display.mode, 'wait', "the customer's mode")
    await eventually(async () => (await payment(till)).state, 'paying', 'the payment')
    same(await till.page.locator('[data-test=query]').boundingBox(), key, 'the primary key')
    await look.operator('wait')
    await look.customer('wait')
    await whilePaying(till.mode, 'done', 'paid')
    same(await kinds(till), [['alipay', total]], 'tenders')
  })
  await check('a payer who never pays is undone, said so, and another way pays', async () => {
    await fill(till, code)
    const before = await houses.balance('wechat')
    await toTender(till)
    await scan(till.page, await houses.code('wechat', { kind: 'never_pays' }))
    await eventually(async () => (await payment(till))?.state, 'paying', 'the payment')
    holds(
      !/失败|未付/.test(await till.page.locator('body').textContent()),
      'a failure is spoken of',
    )
    await letPass(TOO_LONG_S)
    await eventually(async () => (await payment(till)).state, 'reversed', 'undone')
    await eventually(till.mode, 'tender', 'mode')
    await look.operator('never-paid')
    same((await houses.balance('wechat')).held, before.held, 'what WeChat holds')
    if ((await till.alert()) !== '') await press(till.page, 'Escape')
    await press(till.page, 'Enter')
    await eventually(till.mode, 'done', 'mode')
    same(
      (await kinds(till)).map(([kind]) => kind),
      ['cash'],
      'tenders',
    )
  })
  await check('a payment that is taken off goes back, and the question asks first', async () => {
    await fill(till, code)
    const before = await houses.balance('alipay')
    await toTender(till)
    await scan(till.page, await houses.code('alipay', { kind: 'never_pays' }))
    await eventually(async () => (await payment(till))?.state, 'paying', 'the payment')
    // Asking brings nothing new, and is no failure.
    await press(till.page, 'Enter')
    await eventually(async () => (await payment(till)).state, 'paying', 'still')
    same(await till.mode(), 'wait', 'mode')
    await press(till.page, 'Escape')
    await eventually(() => till.page.locator('dialog').count(), 1, 'leaving asks')
    await axe(till.page)
    await press(till.page, 'Escape')
    await eventually(() => till.page.locator('dialog').count(), 0, 'the question')
    same((await payment(till)).state, 'paying', 'nothing was taken off')
    await press(till.page, 'Escape')
    await eventually(() => till.page.locator('dialog').count(), 1, 'leaving asks again')
    await press(till.page, 'Enter')
    await eventually(async () => (await payment(till)).state, 'reversed', 'taken off')
    same((await houses.balance('alipay')).held, before.held, 'what Alipay holds')
  })
  await check('a code that is refused takes nothing, and the sentence says why', async () => {
    await fill(till, code)
    await toTender(till)
    await scan(till.page, await houses.code('wechat', { kind: 'balance_short' }))
    await eventually(till.alert, (text) => text !== '', 'strip')
    await look.operator('refused')
    await press(till.page, 'Escape')
  })
}

/** All of it at a till; a manager works there, who may undo orders. */
export async function checkHouses(stage) {
  if (!hasHouses) return
  const { till, operator, pin } = stage
  if ((await till.mode()) !== 'sign-in') await press(till.page, 'F12')
  await signIn(till, MANAGER, MANAGER_PIN)
  const look = bothLook(stage)
  await vouchers(stage, look)
  await coupons(stage, look)
  await payments(stage, look)
  await check('a cashier is not offered what only a manager may do', async () => {
    await clearCounter(till)
    await press(till.page, 'F12')
    await eventually(till.mode, 'sign-in', 'mode')
    await signIn(till, operator, pin)
    same(await till.page.locator('[data-test=post-void]').count(), 0, 'the key')
    await press(till.page, 'Control+Delete')
    same(await till.page.locator('dialog').count(), 0, 'the sheet')
  })
}
