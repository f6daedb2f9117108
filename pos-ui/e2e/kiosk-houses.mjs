// A kiosk that really sells: payment codes of the houses that the stage simulates, a member by their own code, a coupon
// of the brand's own, a voucher of Douyin. No view and no answer here is the test's own.
// It pairs itself, as kiosk.mjs does, and wants what houses.mjs wants; MEMBER, MEMBER_CODE and COUPONS besides.
import { check, eventually, holds, looks, openPage, same, scan } from './harness.mjs'
import { hasHouses, houses, letPass, whilePaying } from './houses.mjs'
import { NUMBER, SIZES, addStyle, begin, mode, pieces, smallKeys, tap, viewOf } from './kiosk.mjs'

const { MEMBER, MEMBER_CODE, COUPONS } = process.env
const FACES = Object.values(SIZES).map(({ width, height }) => [width, height])
/** What a coupon of the demo's takes off, in fen. */
const OFF = 500
/** Somebody who waits so long may give it up. */
const LONG_MS = 21_000

async function turn(page, lang) {
  const now = await page.evaluate(() => document.documentElement.lang)
  if (now !== lang) await page.locator('[data-test=language]').click()
  await eventually(() => page.evaluate(() => document.documentElement.lang), lang, 'lang')
}

/** Looks at a kiosk as it is, as a shopper who keeps touching it. */
const look = (page, shot, name) =>
  looks(page, shot, `kiosk-houses-${name}`, {
    sizes: FACES,
    turn: (lang) => turn(page, lang),
    keys: smallKeys,
    before: () => page.mouse.click(2, 2),
  })

const held = async () =>
  (await houses.balance('wechat')).held + (await houses.balance('alipay')).held

/** Somebody begins and has one thing in the cart: its total. */
async function withOne(browser, edge, shot, before) {
  let page
  if (before) {
    const url = `${edge}/ui/kiosk/?workstation=${NUMBER}`
    page = await openPage(browser, url, SIZES.pad, before)
    await eventually(() => mode(page), 'attract', 'mode')
    await tap(page, 'begin')
    await page.waitForSelector('[data-test=tile]')
  } else page = await begin(browser, edge, SIZES.pad)
  await addStyle(page)
  await tap(page, 'add')
  await eventually(() => pieces(page), '1', 'pieces')
  await tap(page, 'cart')
  await page.waitForSelector('[data-test=line]')
  return { page, total: (await viewOf(page)).cart.total.amount }
}

async function toPay(page) {
  await tap(page, 'pay')
  await eventually(() => mode(page), 'tender', 'mode')
  await page.waitForSelector('[data-test=pay-screen]')
}

/** Nothing of whoever was here is left once they go. */
async function leave(page, marks) {
  await tap(page, 'done')
  await eventually(() => mode(page), 'attract', 'mode')
  const view = await viewOf(page)
  same([view.cart.lines, view.paid, view.member, view.coupons], [[], null, null, []], 'left')
  const html = await page.evaluate(() => document.documentElement.outerHTML)
  same(
    marks.filter((mark) => html.includes(mark)),
    [],
    'on the page',
  )
  same([page.foreign, page.complaints], [[], []], 'foreign requests and complaints')
  await page.context().close()
}

async function paying({ browser, edge, shot }) {
  await check(
    'kiosk: a payer confirms on their phone: waiting is no failure, then a number',
    async () => {
      const { page, total } = await withOne(browser, edge, shot)
      const { session } = await viewOf(page)
      const before = await held()
      await toPay(page)
      await look(page, shot, 'pay')
      const shown = await houses.code('wechat', { kind: 'paying_then_pays', polls: 0 })
      await scan(page, shown)
      await eventually(() => mode(page), 'wait', 'mode')
      await eventually(async () => (await viewOf(page)).wait?.step, 'confirm', 'the step')
      await page.waitForSelector('[data-test=wait]')
      holds(await page.locator('[data-test=restart]').isDisabled(), 'may start over')
      holds(
        !/失败|failed/i.test(await page.locator('main').textContent()),
        'a failure is spoken of',
      )
      await look(page, shot, 'wait')
      await whilePaying(() => mode(page), 'paid', 'mode')
      const { paid } = await viewOf(page)
      holds(/^K\d{3}$/.test(paid.call), `the number is ${paid.call}`)
      same(await page.locator('[data-test=call]').textContent(), paid.call, 'number')
      same(
        paid.order.tendered.map(({ kind, amount }) => [kind, amount.amount]),
        [['wechat', total]],
        'tenders',
      )
      same(await held(), before + total, 'what the houses hold')
      await look(page, shot, 'paid')
      await leave(page, [shown, session])
    },
  )
  await check(
    'kiosk: a code that is refused takes nothing, says so, and another one pays',
    async () => {
      const { page, total } = await withOne(browser, edge, shot)
      const before = await held()
      await toPay(page)
      await scan(page, await houses.code('alipay', { kind: 'balance_short' }))
      await page.waitForSelector('[data-test=refused]')
      await eventually(() => mode(page), 'tender', 'mode')
      await look(page, shot, 'refused')
      same(await held(), before, 'what the houses hold')
      await scan(page, await houses.code('alipay'))
      await eventually(() => mode(page), 'paid', 'mode')
      same(await held(), before + total, 'what the houses hold')
      await leave(page, [])
    },
  )
  await check('kiosk: who never pays may give it up, and nothing is taken', async () => {
    const clock = (page) => page.clock.install()
    const { page } = await withOne(browser, edge, shot, clock)
    const before = await held()
    await toPay(page)
    await scan(page, await houses.code('alipay', { kind: 'never_pays' }))
    await eventually(async () => (await viewOf(page)).wait?.step, 'confirm', 'the step')
    same(await page.locator('[data-test=give-up]').count(), 0, 'given up early')
    await page.clock.fastForward(LONG_MS)
    await page.waitForSelector('[data-test=give-up]')
    await look(page, shot, 'give-up')
    await tap(page, 'give-up')
    await eventually(
      async () => (await viewOf(page)).rights.payments.at(-1)?.state,
      'reversed',
      'undone',
    )
    await eventually(() => mode(page), 'tender', 'mode')
    same(await held(), before, 'what the houses hold')
    await tap(page, 'restart')
    await eventually(() => mode(page), 'attract', 'mode')
    await page.context().close()
  })
  await check('kiosk: who never answers is undone after two minutes by itself', async () => {
    const { page } = await withOne(browser, edge, shot)
    const before = await held()
    await toPay(page)
    await scan(page, await houses.code('wechat', { kind: 'never_pays' }))
    await eventually(async () => (await viewOf(page)).wait?.step, 'confirm', 'the step')
    await letPass(130)
    await eventually(
      async () => (await viewOf(page)).rights.payments.at(-1)?.state,
      'reversed',
      'undone',
    )
    await eventually(() => mode(page), 'tender', 'mode')
    same(await held(), before, 'what the houses hold')
    await tap(page, 'restart')
    await eventually(() => mode(page), 'attract', 'mode')
    await page.context().close()
  })
}

async function buyers({ browser, edge, shot }) {
  const coupon = COUPONS?.split(',')[1]
  if (!MEMBER || !MEMBER_CODE || !coupon) return
  const masked = `${MEMBER.slice(0, 3)}****${MEMBER.slice(7)}`
  await check('kiosk: a member and a coupon by QR, masked, used with the order', async () => {
    const { page, total } = await withOne(browser, edge, shot)
    const isKnown = async () => {
      await scan(page, MEMBER_CODE)
      return (await viewOf(page)).member !== null
    }
    await eventually(isKnown, true, 'the member')
    await scan(page, coupon)
    await eventually(async () => (await viewOf(page)).coupons.length, 1, 'coupons')
    const row = await page.locator('[data-test=member]').textContent()
    holds(row.includes(masked) && row.includes('金卡'), row)
    same(await page.locator('[data-test=coupon]').count(), 1, 'coupons')
    const { coupons, cart } = await viewOf(page)
    same([coupons[0].takes_part, coupons[0].saved.amount], [true, OFF], 'the coupon')
    same(cart.total.amount, total - OFF, 'total')
    await look(page, shot, 'member')
    const html = await page.evaluate(() => document.documentElement.outerHTML)
    same(
      [MEMBER, MEMBER_CODE, coupon].filter((mark) => html.includes(mark)),
      [],
      'in clear on the page',
    )
    await toPay(page)
    await scan(page, await houses.code('wechat'))
    await eventually(() => mode(page), 'paid', 'mode')
    same((await viewOf(page)).paid.order.total.amount, total - OFF, 'paid')
    await leave(page, [masked, MEMBER, MEMBER_CODE, coupon])
  })
  await check('kiosk: a member claims the coupon for coming, by their own code', async () => {
    const { page, total } = await withOne(browser, edge, shot)
    same(await page.locator('[data-test=claim]').count(), 0, 'offered to nobody')
    await scan(page, MEMBER_CODE)
    await page.waitForSelector('[data-test=claim]')
    await look(page, shot, 'claim')
    await tap(page, 'claim')
    await eventually(async () => (await viewOf(page)).coupons.length, 1, 'coupons')
    await page.waitForSelector('[data-test=coupon]')
    same(await page.locator('[data-test=claim]').count(), 0, 'offered again')
    same((await viewOf(page)).cart.total.amount, total - OFF, 'total')
    await look(page, shot, 'claimed')
    await tap(page, 'restart')
    await eventually(() => mode(page), 'attract', 'mode')
    await page.context().close()
  })
  await check(
    'kiosk: a coupon that was used is refused, and a typed number stays masked',
    async () => {
      const { page, total } = await withOne(browser, edge, shot)
      await scan(page, coupon)
      await page.waitForSelector('[data-test=trouble]')
      same((await viewOf(page)).cart.total.amount, total, 'total')
      await scan(page, MEMBER)
      const told = async () => JSON.stringify((await viewOf(page)).last_scan)
      await eventually(told, (text) => text.includes(masked), 'what was scanned')
      holds(!(await told()).includes(MEMBER), 'the number is in the view')
      const html = await page.evaluate(() => document.documentElement.outerHTML)
      holds(!html.includes(MEMBER), 'the number is on the page')
      await look(page, shot, 'trouble')
      await tap(page, 'restart')
      await eventually(() => mode(page), 'attract', 'mode')
      await page.context().close()
    },
  )
}

async function covered({ browser, edge, shot }) {
  await check(
    'kiosk: what a voucher covers is completed there, with nothing to hold to the reader',
    async () => {
      const { page, total } = await withOne(browser, edge, shot)
      const before = await houses.balance('douyin')
      const { link } = await houses.voucher({ title: '100元代金券', market_fen: total })
      await scan(page, link)
      await page.waitForSelector('[data-test=redemption]')
      same((await page.locator('[data-test=due]').textContent()).trim(), '¥0.00', 'what is left')
      await look(page, shot, 'voucher')
      await toPay(page)
      await page.waitForSelector('[data-test=complete]')
      await look(page, shot, 'free')
      same((await houses.balance('douyin')).redeemed_count, before.redeemed_count, 'used early')
      await tap(page, 'complete')
      await eventually(() => mode(page), 'paid', 'mode')
      const { paid } = await viewOf(page)
      holds(/^K\d{3}$/.test(paid.call), `the number is ${paid.call}`)
      same(
        paid.order.tendered.map(({ kind, amount }) => [kind, amount.amount]),
        [['voucher', total]],
        'tenders',
      )
      same((await houses.balance('douyin')).redeemed_count, before.redeemed_count + 1, 'in use')
      await leave(page, [link])
    },
  )
}

/** All of it. */
export async function checkKioskHouses(stage) {
  if (!hasHouses) return
  await paying(stage)
  await buyers(stage)
  await covered(stage)
}
