// A whole cash sale on two screens with the keyboard only, against a running daemon.
// EDGE_URL, OPERATOR, PIN, CODES (barcodes of the catalog, comma separated, at least three; twenty are better;
// two pieces of the first are reduced by a promotion in force, as packaging/demo/rules.json does with the demo's first),
// MEMBER and MEMBER_CODE (the phone number of a member with balance, and what their phone shows; without them no member
// buys), COUPONS (tokens of the brand's own, comma separated), HOUSES_URL, HOURS_URL, MANAGER and MANAGER_PIN (see
// houses.mjs; without them no house is asked), STAGEHAND (where online orders are placed and the cable to the mall is
// turned; without it none comes), WIFI (where phones join the guests' Wi-Fi, see portal.mjs; without it none does),
// MALL_URL, HQ_TOKEN, KEEPER and READER (the mall, and staff tokens: one that may save there, one that may change
// members, one that only reads; without them HQ's page is not tested), QUERY (a word Find finds), WORKSTATION, CHROMIUM;
// `--shots DIR` keeps pictures.
import {
  axe,
  check,
  close,
  cut,
  eventually,
  holds,
  launch,
  openPage,
  photographer,
  press,
  same,
  scan,
  typeDigits,
  withFed,
} from './harness.mjs'
import { checkConsole } from './console.mjs'
import { checkHouses } from './houses.mjs'
import { checkHq } from './hq.mjs'
import { checkHqSettings } from './hq-settings.mjs'
import { checkHqStores } from './hq-stores.mjs'
import { checkKiosk } from './kiosk.mjs'
import { checkKioskHouses } from './kiosk-houses.mjs'
import { checkMemberSale, checkMembers } from './member.mjs'
import { checkOrderLooks, checkOrders } from './orders.mjs'
import { checkPhone } from './phone.mjs'
import { checkPortal } from './portal.mjs'
import { checkRights } from './rights.mjs'
import { checkPromotions, checkSavingsFit } from './savings.mjs'
import { checkStoreSettings } from './store-settings.mjs'
import { clearCounter, customerPage, money, operatorPage, signIn } from './till.mjs'

const edge = (process.env.EDGE_URL ?? 'http://127.0.0.1:7070').replace(/\/$/, '')
const mall = (process.env.MALL_URL ?? '').replace(/\/$/, '')
const token = process.env.HQ_TOKEN ?? ''
const operator = process.env.OPERATOR ?? '1001'
const pin = process.env.PIN ?? ''
const codes = (process.env.CODES ?? '')
  .split(',')
  .map((code) => code.trim())
  .filter(Boolean)
const query = process.env.QUERY ?? '羊毛'
const workstation = Number(process.env.WORKSTATION ?? 1)
const shotsAt = process.argv.indexOf('--shots')
const shot = photographer(shotsAt > 0 ? process.argv[shotsAt + 1] : null)

if (pin === '' || codes.length < 3) {
  console.error('set PIN and CODES (at least three barcodes of the catalog)')
  process.exit(2)
}
const [first, second, third] = codes

/** A GTIN-13 with a right check digit that no catalog has. */
function unknownCode() {
  const body = '409999999999'
  const sum = [...body].reduce((total, digit, at) => total + Number(digit) * (at % 2 ? 3 : 1), 0)
  return `${body}${(10 - (sum % 10)) % 10}`
}

const page = (face) => `${edge}/ui/${face}/?workstation=${workstation}`
const browser = await launch()
const till = operatorPage(
  await openPage(browser, page('operator'), { width: 1366, height: 768 }),
  workstation,
)
const display = customerPage(
  await openPage(browser, page('customer'), { width: 1024, height: 600 }),
)

const lines = (count) => eventually(async () => (await till.skus()).length, count, 'lines')
const tones = (expected) => eventually(till.tones, expected, 'tones')
const bothShow = async () => {
  const read = async () => {
    const { cart } = await till.view()
    return [money(cart.total), await till.due(), await display.due()]
  }
  const [due] = await eventually(
    read,
    (three) => new Set(three).size === 1,
    'the due of the daemon, the operator and the customer',
  )
  return due
}

await check('sign-in: axe in three themes', async () => {
  await till.page.waitForSelector('[data-operator]')
  await shot(till.page, 'operator-sign-in')
  await axe(till.page)
})
await check("F12 locks, and the customer's page pauses", async () => {
  await signIn(till, operator, pin)
  await eventually(display.mode, 'idle', 'mode')
  await press(till.page, 'F12')
  await eventually(till.mode, 'sign-in', 'mode')
  await eventually(display.mode, 'paused', 'mode')
  await shot(display.page, 'customer-paused')
  same((await display.headings()).length, 1, 'h1')
  await axe(display.page)
})
await check('sign-in: a wrong PIN is refused and the right one taken, by keyboard', async () => {
  await till.page.waitForSelector('[data-operator]')
  await typeDigits(till.page, '000000')
  await press(till.page, 'Enter')
  await tones(['miss'])
  await eventually(() => till.page.locator('.pad .key:disabled').count(), 0, 'keys held back')
  await signIn(till, operator, pin)
  same(await till.mode(), 'sell', 'mode')
})
await check('sell: empty counter, axe in three themes', async () => {
  await shot(till.page, 'operator-empty')
  await axe(till.page)
})
await check('customer: idle, one h1, axe', async () => {
  await eventually(display.mode, 'idle', 'mode')
  await shot(display.page, 'customer-idle')
  same((await display.headings()).length, 1, 'h1')
  await axe(display.page)
})

await check("OP-1 a code at 4 ms a key is one line, one tone, the daemon's due", async () => {
  await scan(till.page, first)
  await lines(1)
  await tones(['ok'])
  return bothShow()
})
await check('OP-2 the same code again counts up; F7 takes it back', async () => {
  await scan(till.page, first)
  await eventually(till.quantities, ['2'], 'quantities')
  await tones(['ok', 'again'])
  await press(till.page, 'F7')
  await eventually(till.quantities, ['1'], 'quantities')
})
await check('OP-3 a focused "+" does not fire when another item is scanned', async () => {
  await till.page.locator('[data-test=more]').focus()
  await scan(till.page, second)
  await lines(2)
  same(await till.quantities(), ['1', '1'], 'quantities')
  await press(till.page, 'Escape')
})
await check('OP-4 Find keeps its words when an item is scanned', async () => {
  await press(till.page, 'F2')
  await eventually(till.mode, 'find', 'mode')
  await till.page.keyboard.insertText(query)
  await till.page.waitForSelector('[role=option]')
  await shot(till.page, 'operator-find')
  await axe(till.page)
  await scan(till.page, third)
  await eventually(async () => (await till.view()).cart.lines.length, 3, 'lines')
  same(await till.page.locator('#find').inputValue(), query, 'field')
  await press(till.page, 'Escape')
  await lines(3)
})
await check('Find: arrows choose, Enter adds', async () => {
  const before = (await till.view()).cart.pieces
  await press(till.page, 'F2')
  await till.page.keyboard.insertText(query)
  await till.page.waitForSelector('[role=option]')
  await press(till.page, 'ArrowDown', 'ArrowUp', 'Enter')
  await eventually(till.mode, 'sell', 'mode')
  await eventually(async () => (await till.view()).cart.pieces > before, true, 'more pieces')
})
await check("customer: the cart as on the operator's screen, axe", async () => {
  await bothShow()
  await shot(display.page, 'customer-cart')
  await shot(till.page, 'operator-sell')
  same((await display.headings()).length, 1, 'h1')
  await axe(display.page)
  await axe(till.page)
})
await check('OP-5 an input method is on and the scan is still right', async () => {
  await clearCounter(till)
  await scan(till.page, first, { ime: true })
  await lines(1)
  await tones(['ok'])
})
await check('OP-6 twenty scans back to back at 1 ms a key, in order', async () => {
  await clearCounter(till)
  const burst = Array.from({ length: 20 }, (_, at) => codes[at % codes.length])
  await scan(till.page, burst, { gapMs: 1 })
  const distinct = [...new Set(burst)]
  await lines(distinct.length)
  const { cart } = await eventually(
    till.view,
    ({ cart: now }) => now.lines.reduce((sum, line) => sum + line.quantity_milli, 0) === 20_000,
    '20 pieces',
  )
  same(
    cart.lines.map(({ sku }) => sku),
    await till.skus(),
    'order on the screen',
  )
  const bare = (code) => code.replace(/^0+/, '')
  same(
    cart.lines.map(({ code }) => bare(code)),
    distinct.map(bare),
    'order of the scans',
  )
  await bothShow()
  return `${distinct.length} lines`
})
await check('CU-2 the newest line and the due are in sight, however many lines', async () => {
  await eventually(() => cut(display.page), [], 'cut')
  const seen = await display.page.locator('.newest').boundingBox()
  holds(seen.y >= 0 && seen.y + seen.height <= 600, 'the newest line is out of sight')
})
await check('OP-7 an unknown code: strip, tone, and the next scan works at once', async () => {
  await clearCounter(till)
  const code = unknownCode()
  await scan(till.page, code)
  await eventually(till.alert, (text) => text.includes(code), 'alert')
  await tones(['miss'])
  await shot(till.page, 'operator-refused')
  await axe(till.page)
  await scan(till.page, first)
  await lines(1)
  await tones(['miss', 'ok'])
  same(await till.alert(), '', 'alert')
})
await check('OP-8 n then scan, n then *, and a quantity is never a barcode', async () => {
  await clearCounter(till)
  await typeDigits(till.page, '3')
  await scan(till.page, first)
  await eventually(till.quantities, ['3'], 'quantities')
  await typeDigits(till.page, '12')
  await press(till.page, 'NumpadMultiply')
  await eventually(till.quantities, ['12'], 'quantities')
  await scan(till.page, first)
  await eventually(till.quantities, ['13'], 'quantities')
  same(await till.numberLine(), '', 'number line')
})
await check('n then Enter sells a typed code; a fast typist loses no digit', async () => {
  await clearCounter(till)
  await till.page.keyboard.type('48', { delay: 0 })
  await eventually(till.numberLine, '48', 'number line')
  await press(till.page, 'Escape')
  for (const digit of second) await press(till.page, `Digit${digit}`)
  await press(till.page, 'Enter')
  await lines(1)
})
await check('minus takes one off, the last one voids the line, undo brings it back', async () => {
  await scan(till.page, second)
  await eventually(till.quantities, ['2'], 'quantities')
  await press(till.page, 'NumpadSubtract')
  await eventually(till.quantities, ['1'], 'quantities')
  await press(till.page, 'NumpadSubtract')
  await lines(0)
  await press(till.page, 'F7')
  await lines(1)
})
await check('F1 draws the keys from the live map, axe', async () => {
  await press(till.page, 'F1')
  await till.page.waitForSelector('dialog[open] dt')
  await shot(till.page, 'operator-keys')
  await axe(till.page)
  await press(till.page, 'F1')
  await eventually(till.mode, 'sell', 'mode')
})

await check(
  'OP-16 due, tender key and last line together at 1366×768 and 1024×768, both languages',
  async () => {
    await scan(till.page, codes.slice(0, 8))
    await eventually(
      async () => (await till.skus()).length >= Math.min(3, codes.length),
      true,
      'lines',
    )
    for (const [width, height] of [
      [1024, 768],
      [1366, 768],
    ]) {
      await till.page.setViewportSize({ width, height })
      for (const lang of ['en', 'zh-CN']) {
        await till.page.locator('header button[lang]').click()
        await eventually(
          () => till.page.evaluate(() => document.documentElement.lang),
          lang,
          'lang',
        )
        await eventually(() => cut(till.page), [], `cut at ${width} ${lang}`)
        for (const part of ['[data-test=due]', '[data-test=tender]', '[data-sku]:last-child']) {
          const box = await till.page.locator(part).boundingBox()
          holds(
            box && box.y >= 0 && box.y + box.height <= height && box.x + box.width <= width,
            `${part} is out of sight at ${width}`,
          )
        }
        await shot(till.page, `operator-sell-${width}-${lang}`)
      }
    }
  },
)

await checkPromotions({ till, display, code: first, shot, bothShow, lines })

await check('OP-9 a whole cash sale with the number pad only', async () => {
  await clearCounter(till)
  const pointers = await till.pointers()
  await scan(till.page, first)
  await scan(till.page, second)
  await lines(2)
  const before = (await till.view()).last_order?.id
  await press(till.page, 'NumpadAdd')
  await eventually(till.mode, 'tender', 'mode')
  const { tender } = await till.view()
  await eventually(till.due, money(tender.cash.due), 'due')
  await eventually(display.mode, 'tender', 'customer mode')
  same(await display.due(), money(tender.cash.due), "due on the customer's screen")
  same((await display.headings()).length, 1, 'h1')
  await shot(display.page, 'customer-tender')
  await axe(display.page)
  const yuan = Math.ceil(tender.cash.due.amount / 10_000) * 100
  await typeDigits(till.page, String(yuan))
  await shot(till.page, 'operator-tender')
  await axe(till.page)
  await press(till.page, 'NumpadEnter')
  await eventually(till.mode, 'done', 'mode')
  await eventually(display.mode, 'paid', 'customer mode')
  const { last_order: last } = await till.view()
  holds(last.id !== before, 'no new order')
  same(last.change.amount, yuan * 100 - tender.cash.due.amount, 'change of the order')
  const change = (await till.page.locator('[data-test=change]').textContent()).trim()
  same(
    [change, await display.change()],
    [money(last.change), money(last.change)],
    'change on both screens',
  )
  await shot(display.page, 'customer-paid')
  await shot(till.page, 'operator-done')
  same((await till.tones()).at(-1), 'paid', 'tone')
  await scan(till.page, third)
  await eventually(till.mode, 'sell', 'mode')
  await lines(1)
  await eventually(display.mode, 'cart', 'CU-5: the next cart is shown at once')
  same(await till.pointers(), pointers, 'pointer events')
})
await check('exact: Enter pays what is due; done and paid, axe', async () => {
  await press(till.page, 'Space')
  await eventually(till.mode, 'tender', 'mode')
  await press(till.page, 'Enter')
  await eventually(till.mode, 'done', 'mode')
  await eventually(display.mode, 'paid', 'customer mode')
  same((await till.view()).last_order.change.amount, 0, 'change')
  await axe(till.page)
  await axe(display.page)
})
await check('CU-5 paid gives way to idle after eight seconds', async () => {
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  await eventually(display.mode, 'idle', 'mode')
})
await check('CU-1 the same due on both screens within 100 ms, from the same event', async () => {
  const watchDue = (target) =>
    target.page.evaluate(() => {
      window.__changed = []
      let before = ''
      new MutationObserver(() => {
        const now = document.querySelector('[data-test=due]')?.textContent.trim() ?? ''
        if (now !== before)
          window.__changed.push({ now, at: performance.timeOrigin + performance.now() })
        before = now
      }).observe(document.body, { subtree: true, childList: true, characterData: true })
    })
  await clearCounter(till)
  await watchDue(till)
  await watchDue(display)
  for (let round = 0; round < 5; round += 1) {
    await scan(till.page, codes[round % codes.length])
    await lines(Math.min(round + 1, codes.length))
    await bothShow()
  }
  const [one, other] = await Promise.all(
    [till, display].map((target) => target.page.evaluate(() => window.__changed)),
  )
  const apart = other
    .map(
      ({ now, at }) =>
        one
          .filter((own) => own.now === now)
          .map((own) => Math.abs(own.at - at))
          .sort((a, b) => a - b)[0],
    )
    .filter((ms) => ms !== undefined)
    .sort((a, b) => a - b)
  const median = apart[Math.floor(apart.length / 2)]
  holds(median <= 100, `median ${median} ms`)
  return `median ${median.toFixed(0)} ms of ${apart.length}`
})
await check("CU-3 after void and lock no item is left in the customer's page", async () => {
  const names = (await till.view()).cart.lines.map(({ name }) => name)
  await clearCounter(till)
  await eventually(display.mode, 'idle', 'mode')
  const left = async () => {
    const text = await display.text()
    return names.filter((name) => text.includes(name))
  }
  same(await left(), [], 'item names left after void')
  await scan(till.page, first)
  await eventually(display.mode, 'cart', 'mode')
  await press(till.page, 'F12')
  await eventually(till.mode, 'sign-in', 'mode')
  await eventually(display.mode, 'paused', 'mode')
  same(await left(), [], 'item names left after lock')
  holds(
    !(await till.page.evaluate(() => document.body.textContent)).includes(names[0]),
    'the locked till still shows the cart',
  )
})
await check('CU-7 no amount is cut at any size up to ¥99,999,999.99', async () => {
  const most = { amount: 9_999_999_999, currency: 'CNY' }
  const line = {
    id: 'a',
    name: '手工紫砂壶',
    spec: '大师款',
    unit: 'piece',
    quantity_milli: 1000,
    list_price: most,
    list: most,
    amount: most,
    saved: most,
    adjustments: [{ name: '会员价', amount: most }],
    gift_units: 0,
  }
  // As of the year 9999, so that the paid page is never old.
  const base = {
    boot: 'b',
    revision: 1,
    build: '0',
    now: '9999-01-01T00:00:00Z',
    store: { code: 'S', name: '店' },
    workstation: { number: 1, name: '1' },
  }
  const tender = {
    total: most,
    left: most,
    rounding: { amount: -9, currency: 'CNY' },
    due: most,
    saved: most,
  }
  const wait = { step: 'confirm', method: 'wechat', amount: most, since: base.now }
  const paid = {
    order_id: 'o',
    receipt_number: 'S-1-1-1',
    completed_at: base.now,
    tendered: [{ kind: 'cash', amount: most }],
    change: most,
    total: most,
    rounding: { amount: -9, currency: 'CNY' },
    saved: most,
  }
  const cart = {
    pieces: 9999,
    lines: [line],
    newest_line_id: 'a',
    saved: most,
    total: most,
    adjustments: [{ name: '会员价', lane: 'price', saved: most }],
    hints: ['再买 12.00 元减 20.00'],
  }
  for (const [width, height] of [
    [1024, 600],
    [1280, 800],
    [1920, 1080],
    [800, 480],
  ]) {
    for (const view of [
      { phase: 'cart', cart },
      { phase: 'tender', cart, tender },
      { phase: 'wait', cart, wait },
      { phase: 'paid', paid },
    ]) {
      await withFed(
        browser,
        page('customer'),
        { width, height },
        { ...base, ...view },
        async (big) => {
          await eventually(() => cut(big), [], `cut at ${width}×${height} ${view.phase}`)
          const amounts = await big.locator('.money .inner').evaluateAll((all) =>
            all.map((one) => {
              const { left, right, top, bottom } = one.getBoundingClientRect()
              return { left, right, top, bottom, text: one.textContent }
            }),
          )
          for (const box of amounts)
            holds(
              box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height,
              `${box.text} leaves ${width}×${height} in ${view.phase}: ${JSON.stringify(box)}`,
            )
          await shot(big, `customer-${view.phase}-${width}x${height}-most`)
        },
      )
    }
  }
})

await checkSavingsFit({ browser, page, shot })
await checkRights({ browser, page, shot })
await checkMembers({ browser, page, shot })
await checkHouses({ till, display, shot, code: first, operator, pin })
await checkOrderLooks({ browser, page, shot })
await checkKiosk({ browser, edge, shot, code: first })
await checkKioskHouses({ browser, edge, shot })
await checkMemberSale({ till, display, shot, code: first, operator, pin })
await checkOrders({ till, display, shot, operator, pin })
await checkPhone({ browser, edge, till, display, shot, codes, operator, pin })
await checkConsole({ browser, edge, till, display, codes, operator, pin, shot })
if (mall === '' || token === '') console.log("NOT TESTED: HQ's page; set MALL_URL and HQ_TOKEN")
else {
  const hq = { browser, mall, token, till, display, codes, operator, pin, shot }
  await checkHqSettings(hq)
  await checkStoreSettings(hq)
}
await checkHq({ browser, shot })
const reader = process.env.READER ?? ''
if (mall !== '' && token !== '' && reader !== '')
  await checkHqStores({ browser, mall, token, reader, till, shot })
await checkPortal({ browser, edge, shot })

const simulated = (await fetch(`${edge}/api/v1/sim/devices`)).ok
if (simulated) {
  const devices = await openPage(browser, page('devices'), { width: 1366, height: 900 })
  await check('devices: a click on a sample is a scan at the till', async () => {
    await signIn(till, operator, pin)
    await devices.waitForSelector('.sample')
    await devices.locator('.sample').first().click()
    await lines(1)
    await clearCounter(till)
  })
  await check('devices: paper out raises the strip, ready takes it away', async () => {
    await devices.locator('.choice[aria-pressed]', { hasText: '缺纸' }).click()
    await eventually(() => till.page.locator('.strip').count(), 1, 'strip')
    await shot(till.page, 'operator-paper-out')
    await devices.locator('.choice[aria-pressed]', { hasText: '就绪' }).click()
    await eventually(() => till.page.locator('.strip').count(), 0, 'strip')
  })
  await check('devices: the tape shows the slips, axe', async () => {
    await devices.waitForSelector('[data-slip]')
    await shot(devices, 'devices')
    await axe(devices)
    same([devices.foreign, devices.complaints], [[], []], 'foreign requests and complaints')
  })
}
await check('no foreign request, no policy violation, no script error', async () => {
  for (const { page: one } of [till, display])
    same([one.foreign, one.complaints], [[], []], one.url())
})

await browser.close()
process.exitCode = close()
