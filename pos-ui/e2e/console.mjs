// The manager's console in a real browser: sign in, a price asked at the till and allowed, every page at three sizes.
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

const open = (page, name) => page.evaluate((to) => (location.hash = `#/${to}`), name)
const overview = (page) =>
  page.evaluate(async () => (await fetch('/api/v1/console/overview')).json())

/** Asks at the till for a lower price of the selected line, with the keyboard where it has keys. */
async function askPrice(till, yuan) {
  await press(till.page, 'F5')
  await till.page.locator('#asked-price').fill(yuan)
  await till.page.getByRole('button', { name: '商品瑕疵' }).click()
  await till.page.locator('[data-test=ask-price]').click()
  await till.page.waitForSelector('[data-test=approval]')
}

export async function checkConsole({ browser, edge, till, codes, operator, pin, shot }) {
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
    await enter(page)
  })
  await check('console: what was sold is what the daemon says, by chart and table', async () => {
    const { day } = await overview(page)
    same(await page.locator('[data-test=sales]').innerText(), money(day.all.amount), 'sales')
    same(Number(await page.locator('[data-test=count]').innerText()), day.all.count, 'count')
    await page.locator('details summary').first().click()
    const rows = await page.locator('details tbody tr').count()
    same(rows, day.hours.length, 'hours in the table')
  })
  await check('a price is asked for at the till, allowed on the console, and sold', async () => {
    await signIn(till, operator, pin)
    await clearCounter(till)
    await scan(till.page, codes[1])
    const { cart } = await eventually(till.view, (view) => view.cart.lines.length === 1, 'a line')
    await askPrice(till, '1')
    await shot(till.page, 'operator-price-asked')
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
    await clearCounter(till)
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
    holds(
      (await till.page.innerText('[data-test=approval]')).includes('没有同意'),
      'the till is silent',
    )
    await clearCounter(till)
  })
  await check('console: an order, its receipt, and a test slip', async () => {
    await open(page, 'orders')
    await page.waitForSelector('.table .link')
    await page.locator('.table .link').first().click()
    await page.waitForSelector('dialog .paper')
    await shot(page, 'console-order')
    await axe(page)
    await page.keyboard.press('Escape')
    await eventually(() => page.locator('dialog').count(), 0, 'dialogs')
    await open(page, 'devices')
    await page.locator('[data-test=try-printer]').first().click()
    await page.waitForSelector('.strip')
  })
  await page.context().close()
  for (const size of SIZES) {
    await check(
      `console: every page at ${size.width}×${size.height}: nothing cut, axe`,
      async () => {
        const one = await openPage(browser, `${edge}/console/`, size)
        await enter(one)
        for (const name of PAGES) {
          await open(one, name)
          await one.waitForSelector('main h1')
          await one.waitForLoadState('networkidle').catch(() => {})
          same(await cut(one), [], `cut at ${size.width} ${name}`)
          await shot(one, `console-${name}-${size.width}`)
          await axe(one)
        }
        same([one.foreign, one.complaints], [[], []], 'foreign requests and complaints')
        await one.context().close()
      },
    )
  }
}
