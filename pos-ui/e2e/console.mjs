// The manager's console in a real browser: sign in, sales by chart and table, a price asked at the till and decided,
// orders, devices, the node gone, and every page at three sizes in both languages.
import { axe, check, cut, eventually, holds, openPage, press, same, scan } from './harness.mjs'
import { clearCounter, money, signIn } from './till.mjs'

const SIZES = [
  { width: 1280, height: 800 },
  { width: 834, height: 1112 },
  { width: 390, height: 844 },
]
const PAGES = ['today', 'approvals', 'orders', 'stays', 'devices', 'sync', 'settings', 'staff']
const manager = process.env.MANAGER ?? '9001'
const managerPin = process.env.MANAGER_PIN ?? '864200'

async function enter(page) {
  await page.waitForSelector('#operator')
  await page.locator('#operator').fill(manager)
  await page.locator('#pin').fill(managerPin)
  await page.locator('#pin').press('Enter')
  await page.waitForSelector('[data-test=sales]')
}

/** Goes to a page, and waits until it stands there with what it shows. */
async function open(page, name) {
  await page.evaluate((to) => (location.hash = `#/${to}`), name)
  await page.waitForSelector(`main [data-page=${name}]`, { state: 'attached' })
}

/** What the strip says was done. */
const told = async (page) => (await page.locator('.middle > .strip').allInnerTexts()).join(' ')

const overview = (page) =>
  page.evaluate(async () => (await fetch('/api/v1/console/overview')).json())

/** Asks at the till for a lower price of the selected line, with the keyboard where it has keys. */
async function askPrice(till, yuan, look = async () => {}) {
  await press(till.page, 'F5')
  await till.page.waitForSelector('#asked-price')
  await till.page.locator('#asked-price').fill(yuan)
  await till.page.getByRole('button', { name: '商品瑕疵' }).click()
  await look()
  await till.page.locator('[data-test=ask-price]').click()
  await till.page.waitForSelector('[data-test=approval]')
}

/** Pictures in English are dark, so that both are looked at. */
const darken = (page, isDark) =>
  page.evaluate(
    (theme) => (document.documentElement.dataset.theme = theme),
    isDark ? 'dark' : 'light',
  )

export async function checkConsole({ browser, edge, till, display, codes, operator, pin, shot }) {
  const page = await openPage(browser, `${edge}/console/`, SIZES[0])
  await check('console: nobody sees a number before a manager has signed in; axe', async () => {
    await page.waitForSelector('#operator')
    same(await page.locator('.money').count(), 0, 'amounts')
    await shot(page, 'console-sign-in')
    await axe(page)
    await page.locator('#operator').fill(manager)
    await page.locator('#pin').fill('000000')
    await page.locator('#pin').press('Enter')
    await page.waitForSelector('[role=alert]')
    same(await page.locator('#pin').inputValue(), '', 'the PIN')
    await shot(page, 'console-sign-in-refused')
    await enter(page)
  })
  await check('a price is asked for at the till, allowed on the console, and sold', async () => {
    await signIn(till, operator, pin)
    await clearCounter(till)
    await scan(till.page, codes[1])
    const { cart } = await eventually(till.view, (view) => view.cart.lines.length === 1, 'a line')
    await askPrice(till, '1', async () => {
      await shot(till.page, 'operator-price-sheet')
      await axe(till.page)
    })
    await shot(till.page, 'operator-price-waiting')
    await axe(till.page)
    await open(page, 'approvals')
    await page.waitForSelector('[data-test=waiting]')
    await shot(page, 'console-approvals')
    await axe(page)
    await page.locator('[data-test=allow]').click()
    await eventually(() => page.locator('[data-test=waiting]').count(), 0, 'what waits')
    const after = await eventually(
      till.view,
      (view) => view.cart.approvals[0]?.state === 'approved',
      'the approval',
    )
    same(after.cart.lines[0].amount.amount, cart.lines[0].quantity_milli / 10, 'the new price')
    await eventually(till.due, money(after.cart.total), 'due at the till')
    await eventually(display.due, money(after.cart.total), "due on the customer's screen")
    await shot(till.page, 'operator-price-allowed')
    await press(till.page, 'NumpadAdd')
    await eventually(till.mode, 'tender', 'mode')
    await press(till.page, 'NumpadEnter')
    await eventually(till.mode, 'done', 'mode')
    await press(till.page, 'Enter')
    await eventually(till.mode, 'sell', 'mode')
  })
  await check('a price that is denied leaves the old one, and both screens say so', async () => {
    await scan(till.page, codes[1])
    const { cart } = await eventually(till.view, (view) => view.cart.lines.length === 1, 'a line')
    await askPrice(till, '1')
    await page.waitForSelector('[data-test=deny]')
    await page.locator('[data-test=deny]').click()
    const after = await eventually(
      till.view,
      (view) => view.cart.approvals[0]?.state === 'denied',
      'the approval',
    )
    same(after.cart.total, cart.total, 'the total')
    await eventually(
      async () => (await till.page.innerText('[data-test=approval]')).includes('没有同意'),
      true,
      'the till says so',
    )
    holds((await told(page)).includes('没有同意'), 'the console is silent')
    await shot(page, 'console-approvals-decided')
    await axe(page)
    await clearCounter(till)
  })
  await check('console: what was sold is what the daemon says, by chart and table', async () => {
    await open(page, 'today')
    const { day } = await overview(page)
    holds(day.all.count > 0, 'nothing was sold')
    await eventually(
      () => page.locator('[data-test=sales]').innerText(),
      money(day.all.amount),
      'sales',
    )
    same(Number(await page.locator('[data-test=count]').innerText()), day.all.count, 'count')
    same(await page.locator('.drawing .bar').count(), day.hours.length, 'bars')
    await page.locator('details summary').first().click()
    const rows = await page
      .locator('details tbody tr')
      .evaluateAll((all) =>
        all.map((row) => [...row.children].map((cell) => cell.textContent.trim())),
      )
    const shown = rows.map(([hour, count, amount]) => [hour, Number(count), amount])
    const said = day.hours.map(({ hour, sum }) => [`${hour}:00`, sum.count, money(sum.amount)])
    same(shown, said, 'the table beside the chart')
    const sum = day.hours.reduce((all, hour) => all + hour.sum.amount.amount, 0)
    same(sum, day.all.amount.amount, 'the hours together')
  })
  await check('console: an order with its receipt, and a copy of it', async () => {
    await open(page, 'orders')
    const opener = page.locator('.table .link').first()
    await opener.focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('dialog .paper')
    await page.keyboard.press('Escape')
    await eventually(() => page.locator('dialog').count(), 0, 'dialogs')
    const isBack = () => opener.evaluate((one) => one === document.activeElement)
    await eventually(isBack, true, 'the focus is back')
    await opener.click()
    await page.waitForSelector('dialog .paper')
    const number = await page.locator('dialog h2').first().innerText()
    holds((await page.innerText('dialog .paper')).includes(number), 'another receipt')
    await shot(page, 'console-order')
    await axe(page)
    await page.locator('[data-test=reprint]').click()
    await eventually(async () => (await told(page)).includes('补打'), true, 'the copy')
    await eventually(() => page.locator('dialog').count(), 0, 'dialogs')
    await page.locator('#order-number').fill('NO-SUCH')
    await page.locator('#order-number').press('Enter')
    await eventually(() => page.locator('.table .link').count(), 0, 'orders found')
    await shot(page, 'console-orders-none')
  })
  await check('console: a printer, the displays and a drawer are tried', async () => {
    await open(page, 'devices')
    await page.locator('[data-test=try-printer]').first().click()
    await eventually(async () => (await told(page)).includes('测试小票'), true, 'the slip')
    await page.locator('[data-test=try-display]').first().click()
    await display.page.waitForSelector('.test .number')
    const number = await display.page.innerText('.test .number')
    await eventually(async () => (await told(page)).includes(number), true, 'the same number')
    await shot(display.page, 'customer-test')
    await page.locator('[data-test=open-drawer]').first().click()
    await page.locator('#drawer-reason').fill('换零钱')
    await shot(page, 'console-drawer')
    await axe(page)
    await page.locator('#drawer-reason').press('Enter')
    await eventually(async () => (await told(page)).includes('钱箱'), true, 'the drawer')
  })
  await check(
    'console: who was there, how store and mall stand, what is set and by whom',
    async () => {
      await open(page, 'stays')
      const { sync, operator: own } = await overview(page)
      await page.waitForSelector('.table tbody tr')
      await open(page, 'sync')
      same(Number(await page.locator('[data-test=outbox]').innerText()), sync.link.outbox, 'outbox')
      await open(page, 'settings')
      await page.waitForSelector('[data-key=listen]')
      const origin = (key) => page.locator(`[data-key="${key}"] .origin`).innerText()
      same(
        [await origin('listen'), await origin('store.name'), await origin('display_from_lan')],
        ['启动配置', '门店资料', '默认'],
        'origins',
      )
      await open(page, 'staff')
      await page.waitForSelector('.may')
      holds((await page.innerText('main')).includes(own.name), 'the manager is not on the list')
    },
  )
  await check(
    'console: the node gone, the last figures stay and say so; back by itself',
    async () => {
      await page.addInitScript(() => {
        const streams = []
        const Real = window.EventSource
        window.EventSource = class extends Real {
          constructor(url) {
            super(url)
            streams.push(this)
          }
        }
        window.__cut = () => streams.forEach((one) => one.dispatchEvent(new Event('error')))
      })
      await page.evaluate(() => (location.hash = '#/today'))
      await page.reload()
      const sales = page.locator('[data-test=sales]')
      await sales.waitFor()
      const before = await sales.innerText()
      const link = () => page.evaluate(() => document.documentElement.dataset.link)
      await eventually(link, 'live', 'link')
      await page.route('**/api/v1/console/**', (route) => route.abort())
      await page.evaluate(() => window.__cut())
      await eventually(link, 'stale', 'link')
      await eventually(async () => (await told(page)).includes('断开'), true, 'somebody is told')
      same(await sales.innerText(), before, 'the last figures')
      await shot(page, 'console-node-gone')
      await page.unroute('**/api/v1/console/**')
      await eventually(link, 'live', 'link')
      await eventually(() => told(page), '', 'nothing is wrong any more')
    },
  )
  await check('console: signed out, no number is left in the page', async () => {
    await page.getByRole('button', { name: '退出' }).click()
    await page.waitForSelector('#operator')
    same(await page.locator('.money').count(), 0, 'amounts')
  })
  await page.context().close()
  for (const size of SIZES) {
    await check(
      `console: every page at ${size.width}×${size.height}, both languages, axe`,
      async () => {
        const one = await openPage(browser, `${edge}/console/`, size)
        await enter(one)
        for (const lang of ['zh-CN', 'en']) {
          if (lang === 'en') await one.getByRole('button', { name: 'English' }).click()
          for (const name of PAGES) {
            await open(one, name)
            await eventually(() => cut(one), [], `cut at ${size.width} ${name} ${lang}`)
            if (lang === 'en') await darken(one, true)
            await shot(one, `console-${name}-${size.width}-${lang}`)
            if (lang === 'en') await darken(one, false)
            else await axe(one)
          }
        }
        same([one.foreign, one.complaints], [[], []], 'foreign requests and complaints')
        await one.context().close()
      },
    )
  }
}
