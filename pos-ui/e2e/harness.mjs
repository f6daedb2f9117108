// What the browser suite stands on: Chromium, a scanner made of key events, axe, and a count of checks.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

const { resolve } = createRequire(import.meta.url)
const axeSource = readFileSync(resolve('axe-core/axe.min.js'), 'utf8')
// By itself the reader would look for its program on a public server.
const wasmBinary = readFileSync(resolve('zxing-wasm/reader/zxing_reader.wasm')).buffer
prepareZXingModule({ overrides: { wasmBinary } })

/** Patience of every wait; a busy build machine is slow, a wrong page is wrong for ever. */
export const PATIENCE_MS = 8_000
/** Patience with a store whose mall is back: it asks the more seldom the longer nobody answered. */
export const REUNION_MS = 120_000
export const THEMES = ['light', 'dark', 'contrast']

let passed = 0
const failures = []

/** Runs one named check; a throw is a failure, and the suite goes on. */
export async function check(name, body) {
  const began = Date.now()
  try {
    const note = await body()
    passed += 1
    console.log(`ok   ${name}${note ? `  (${note})` : ''}  ${Date.now() - began} ms`)
  } catch (error) {
    failures.push(name)
    console.log(
      `FAIL ${name}\n     ${String(error.message ?? error)
        .split('\n')
        .slice(0, 12)
        .join('\n     ')}`,
    )
  }
}

/** Throws with both values when they differ. */
export function same(actual, expected, what = 'value') {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (one !== other) throw new Error(`${what}: got ${one}, expected ${other}`)
}

/** Throws when a claim does not hold. */
export function holds(claim, what) {
  if (!claim) throw new Error(what)
}

/** Waits until `read` answers what is expected, then returns it. */
export async function eventually(read, expected, what, patienceMs = PATIENCE_MS) {
  const until = Date.now() + patienceMs
  let last
  for (;;) {
    last = await read()
    if (
      typeof expected === 'function'
        ? expected(last)
        : JSON.stringify(last) === JSON.stringify(expected)
    )
      return last
    if (Date.now() > until) {
      const hoped = typeof expected === 'function' ? 'something else' : JSON.stringify(expected)
      throw new Error(`${what}: still ${JSON.stringify(last)}, expected ${hoped}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Prints the closing line and answers the exit code. */
export function close() {
  for (const name of failures) console.log(`failed: ${name}`)
  console.log(`${passed} passed, ${failures.length} failed`)
  return failures.length === 0 ? 0 : 1
}

/** Starts Chromium; on a build machine it runs as root and without a network of its own. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      // The name under which phones find the box on the stage: what came from a name over plain HTTP has no secure
      // context, as on a phone; what came from 127.0.0.1 has one.
      '--host-resolver-rules=MAP *.guitai.test 127.0.0.1',
    ],
  })
}

/** Opens a page in its own context, with `more` about its browser, and notes what it must never do; `before` prepares it. */
export async function openPage(browser, url, size, before = async () => {}, more = {}) {
  const context = await browser.newContext({ viewport: size, locale: 'zh-CN', ...more })
  const page = await context.newPage()
  const { origin } = new URL(url)
  page.foreign = []
  page.complaints = []
  page.on('request', (request) => {
    const at = request.url()
    if (!at.startsWith(origin) && !/^(data|blob):/.test(at)) page.foreign.push(at)
  })
  page.on('pageerror', (error) => page.complaints.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|\[Vue warn\]/.test(message.text()))
      page.complaints.push(message.text())
  })
  await page.addInitScript(() => {
    window.__pointers = 0
    window.addEventListener('pointerdown', () => (window.__pointers += 1), true)
  })
  await before(page)
  await page.goto(url)
  page.cdp = await context.newCDPSession(page)
  return page
}

function keyOf(character) {
  if (/\d/.test(character))
    return { code: `Digit${character}`, windowsVirtualKeyCode: character.charCodeAt(0) }
  if (/[A-Za-z]/.test(character)) {
    const upper = character.toUpperCase()
    return {
      code: `Key${upper}`,
      windowsVirtualKeyCode: upper.charCodeAt(0),
      modifiers: character === upper ? 8 : 0,
    }
  }
  if (character === '-') return { code: 'Minus', windowsVirtualKeyCode: 189 }
  if (character === '_') return { code: 'Minus', windowsVirtualKeyCode: 189, modifiers: 8 }
  if (character === '.') return { code: 'Period', windowsVirtualKeyCode: 190 }
  if (character === '/') return { code: 'Slash', windowsVirtualKeyCode: 191 }
  if (character === ':') return { code: 'Semicolon', windowsVirtualKeyCode: 186, modifiers: 8 }
  throw new Error(`the wedge of this suite cannot type ${character}`)
}

let clock = 0

/**
 * Scans codes as a keyboard wedge does: trusted key events, each with its own time stamp `gapMs` apart,
 * so that a busy machine cannot make the scanner look slow. With `ime`, keys arrive as an input method sends them.
 */
export async function scan(page, codes, { gapMs = 4, ime = false } = {}) {
  const list = Array.isArray(codes) ? codes : [codes]
  clock = Math.max(clock + 0.2, Date.now() / 1000)
  const events = []
  for (const code of list) {
    for (const character of code) {
      const key = keyOf(character)
      const down = ime
        ? { ...key, key: 'Process', windowsVirtualKeyCode: 229 }
        : { ...key, key: character, text: character }
      events.push({ type: ime ? 'rawKeyDown' : 'keyDown', ...down, timestamp: clock })
      events.push({ type: 'keyUp', ...key, key: character, timestamp: clock + gapMs / 2000 })
      clock += gapMs / 1000
    }
    const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, timestamp: clock }
    events.push({ type: 'keyDown', text: '\r', ...enter }, { type: 'keyUp', ...enter })
    clock += gapMs / 1000
  }
  await Promise.all(events.map((event) => page.cdp.send('Input.dispatchKeyEvent', event)))
}

/** Presses keys one after another as a person does. */
export async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key, { delay: 50 })
}

/** Types digits on the number pad, slowly enough to be a person. */
export const typeDigits = (page, digits) =>
  press(page, ...[...digits].map((digit) => (digit === '.' ? 'NumpadDecimal' : `Numpad${digit}`)))

/** What axe says of the page as it is: WCAG 2.0 to 2.2 A and AA, and best practice, without the rules in `but`. */
export async function audit(page, but = []) {
  await page.evaluate(axeSource)
  return page.evaluate(async (disabled) => {
    await Promise.all(
      document
        .getAnimations()
        // One that never ends is no movement to wait for.
        .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity)
        .map((animation) => animation.finished.catch(() => {})),
    )
    const result = await window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      rules: Object.fromEntries(disabled.map((rule) => [rule, { enabled: false }])),
    })
    return result.violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .map(({ html }) => html.slice(0, 110))
          .slice(0, 3)
          .join(' | ')}`,
    )
  }, but)
}

/** axe over the page in every theme. */
export async function axe(page) {
  const wear = (theme) =>
    page.evaluate((name) => (document.documentElement.dataset.theme = name), theme)
  const before = await page.evaluate(() => document.documentElement.dataset.theme)
  const found = []
  for (const theme of THEMES) {
    await wear(theme)
    found.push(...(await audit(page)).map((violation) => `${theme} ${violation}`))
  }
  await wear(before)
  if (found.length > 0) throw new Error(found.join('\n'))
}

/** What a camera reads off the whole page: the text of its only QR code. */
export async function readQr(page) {
  const photo = new Uint8Array(await page.screenshot())
  const found = await readBarcodes(photo, { formats: ['QRCode'] })
  same(found.length, 1, 'QR codes on the page')
  return found[0].text
}

/** Whether all of an element's height is on the page; a page that was just made smaller settles first. */
export async function inSight(locator, height) {
  const box = await locator.boundingBox()
  return box !== null && box.y >= 0 && box.y + box.height <= height
}

/** Elements that are cut off without meaning to be, or a page that scrolls sideways. */
export function cut(page) {
  return page.evaluate(() => {
    const gives = (element) =>
      element !== null &&
      (getComputedStyle(element).textOverflow === 'ellipsis' || gives(element.parentElement))
    const found = []
    const wide = document.documentElement.scrollWidth
    if (wide > window.innerWidth) found.push(`page is ${wide} px wide`)
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('.visually-hidden') || element.closest('svg')) continue
      const { overflowX } = getComputedStyle(element)
      const box = element.getBoundingClientRect()
      if (box.width === 0 && element.classList.contains('figure'))
        found.push(`${element.textContent} has no width`)
      if (box.width === 0) continue
      // A name that gives way ends in an ellipsis; a row without room stands beside its box, unseen.
      if (gives(element)) continue
      const rows = element.closest('.rows')
      if (rows && box.left >= rows.getBoundingClientRect().right - 1) continue
      const over = element.scrollWidth - element.clientWidth
      const isText = element.childElementCount === 0 && element.clientWidth > 0
      if (over > 1 && (isText || overflowX === 'hidden'))
        found.push(`${element.className}: ${element.textContent.slice(0, 40)} (+${over} px)`)
      if (box.right > window.innerWidth + 1)
        found.push(`${element.className} leaves the screen by ${box.right - window.innerWidth} px`)
    }
    return found.slice(0, 6)
  })
}

/**
 * Looks at a running page at every size, in both languages where `turn` turns it, by day and by night: nothing is cut,
 * `keys` says what is too small for a finger, and axe has nothing to say. `before` keeps a patient page awake.
 */
export async function looks(page, shot, name, { sizes, turn, keys, before = async () => {} }) {
  const began = page.viewportSize()
  for (const lang of turn ? ['en', 'zh-CN'] : ['zh-CN']) {
    if (turn) await turn(lang)
    for (const [width, height] of sizes) {
      await before()
      await page.setViewportSize({ width, height })
      for (const theme of ['dark', 'light']) {
        await page.evaluate((one) => (document.documentElement.dataset.theme = one), theme)
        await shot(page, `${name}-${lang}-${theme}-${width}x${height}`)
      }
      await eventually(() => cut(page), [], `cut at ${width}×${height} ${lang}`)
      if (keys) same(await keys(page), [], `keys at ${width}×${height} ${lang}`)
    }
    await page.setViewportSize(began)
    await before()
    await axe(page)
  }
}

/**
 * Lets a page of its own show `view` and nothing else, as if its daemon had said it, while `body` looks; `say` says
 * the next. `mode` is what the page makes of it, where that is not the view's phase.
 */
export async function withFed(browser, url, size, view, body, mode = view.phase) {
  const page = await openPage(browser, 'about:blank', size)
  try {
    await page.addInitScript((first) => {
      const HEARTBEAT_MS = 2_000
      window.EventSource = class extends EventTarget {
        constructor() {
          super()
          const say = (type, data) => this.dispatchEvent(new MessageEvent(type, { data }))
          window.__say = (next) => say('view', JSON.stringify(next))
          setTimeout(() => window.__say(first))
          setInterval(() => say('heartbeat', ''), HEARTBEAT_MS)
        }
        close() {}
      }
    }, view)
    await page.goto(url)
    await eventually(() => page.evaluate(() => document.documentElement.dataset.mode), mode, 'mode')
    await page.evaluate(() => document.fonts.ready)
    // Parts that are fetched once the page stands bring the heading with them.
    await page.locator('h1').first().waitFor({ state: 'attached' })
    page.say = (next) => page.evaluate((one) => window.__say(one), next)
    return await body(page)
  } finally {
    await page.context().close()
  }
}

/** Makes the function that takes a picture, when a folder was asked for. */
export function photographer(dir) {
  if (!dir) return async () => {}
  mkdirSync(dir, { recursive: true })
  return async (page, name) => {
    await page.evaluate(() =>
      Promise.all(
        document
          .getAnimations()
          .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity)
          .map((one) => one.finished.catch(() => {})),
      ),
    )
    await page.screenshot({ path: join(dir, `${name}.png`) })
  }
}
