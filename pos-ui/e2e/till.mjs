// What a test reads off the two faces of a workstation.
import { eventually, press, typeDigits } from './harness.mjs'

const texts = (page, selector) =>
  page.evaluate(
    (query) => Array.from(document.querySelectorAll(query), (one) => one.textContent.trim()),
    selector,
  )

/** Reads the operator's page. */
export function operatorPage(page, workstation) {
  return {
    page,
    mode: () => page.evaluate(() => document.documentElement.dataset.mode),
    link: () => page.evaluate(() => document.documentElement.dataset.link),
    due: async () => (await texts(page, '[data-test=due]'))[0],
    numberLine: async () => (await texts(page, '[data-test=number-line]'))[0],
    skus: () =>
      page.evaluate(() =>
        Array.from(document.querySelectorAll('[data-sku]'), (one) => one.dataset.sku),
      ),
    quantities: async () =>
      (await texts(page, '[data-sku] .count')).map((text) =>
        text.replace(/^\S+\s/, '').replace(/[^\d.]/g, ''),
      ),
    tones: () => page.evaluate(() => window.__tones ?? []),
    forgetTones: () => page.evaluate(() => (window.__tones = [])),
    alert: async () => (await texts(page, '.strip[role=alert]'))[0] ?? '',
    pointers: () => page.evaluate(() => window.__pointers),
    /** The daemon's own view, asked with this page's session. */
    view: () =>
      page.evaluate(
        async (n) => (await fetch(`/api/v1/workstations/${n}/view`)).json(),
        workstation,
      ),
  }
}

/** Reads the customer's page. */
export function customerPage(page) {
  return {
    page,
    mode: () => page.evaluate(() => document.documentElement.dataset.mode),
    due: async () => (await texts(page, '[data-test=due]'))[0],
    change: async () => (await texts(page, '[data-test=change]'))[0],
    text: () => page.evaluate(() => document.body.textContent),
    headings: () => texts(page, 'h1'),
  }
}

/** `¥1,299.00` for a Money of the API, the way the screens write it. */
export function money({ amount }) {
  const digits = String(Math.abs(amount)).padStart(3, '0')
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${amount < 0 ? '−' : ''}¥${whole}.${digits.slice(-2)}`
}

/** Signs in by keyboard and leaves whatever an earlier run left on the counter. */
export async function signIn(till, operator, pin) {
  await eventually(till.mode, (mode) => mode !== 'boot', 'first view')
  // On a busy machine a page may just have lost its stream; until it is back, keys are refused.
  await eventually(till.link, 'live', 'link')
  if ((await till.mode()) === 'sign-in') {
    await till.page.waitForSelector('[data-operator]')
    const tiles = await till.page.locator('[data-operator]').count()
    for (let step = 0; step < tiles; step += 1) {
      const chosen = await till.page
        .locator('[data-operator][aria-pressed=true]')
        .getAttribute('data-operator')
      if (chosen === operator) break
      await press(till.page, 'ArrowDown')
    }
    await typeDigits(till.page, pin)
    await press(till.page, 'NumpadEnter')
    await eventually(till.mode, (mode) => mode !== 'sign-in', 'signed in')
  }
  await clearCounter(till)
}

/** Goes to Sell with an empty cart, by keyboard. */
export async function clearCounter(till) {
  if ((await till.mode()) === 'tender') await press(till.page, 'Escape')
  if ((await till.mode()) === 'done') await press(till.page, 'Enter')
  await eventually(till.mode, 'sell', 'mode')
  await press(till.page, 'Escape', 'Escape')
  if ((await till.skus()).length > 0) {
    await press(till.page, 'Shift+Delete')
    await eventually(till.mode, 'ask', 'void cart asks')
    await press(till.page, 'Enter')
    await eventually(async () => (await till.skus()).length, 0, 'cart is void')
  }
  await till.forgetTones()
}
