// The guests' Wi-Fi: its sign-in pages as phones show them, small and large, with scripts and without, in both
// languages. Pages, desk and codes are the real program's. Not the kernel's work here is who calls (a phone is known by
// the loopback address it calls from), port 80 leading to the portal, and letting packets through: the gate at the
// other end of its socket only writes down who passes (tests/src/wifi.rs). tests/journeys/portal.rs walks the same way
// through a real packet filter, without a browser.
// WIFI says where phones join.
import { audit, check, cut, eventually, holds, openPage, readQr, same } from './harness.mjs'

const wifi = (process.env.WIFI ?? '').replace(/\/$/, '')

const SIZES = [
  { width: 320, height: 568 },
  { width: 390, height: 844 },
]
/** WCAG 2.2, 2.5.5: a finger hits what is so high and wide. */
const FINGER_PX = 44
/** A code is good for so long, and a store's clock may be off by as much before its mall believes nothing of it. */
const CODE_S = 5 * 60
/** Node and page look again every five seconds each. */
const OPENING_MS = 30_000

const WORDS = {
  'zh-CN': {
    online: '已连网',
    opening: '正在为您连网',
    over: '验证码已失效',
    soon: '验证码刚发过',
    terms: '上网服务条款',
    unscripted: '手机浏览器',
  },
  en: {
    online: 'You are online',
    opening: 'Opening the way',
    over: 'The code is no longer good',
    soon: 'A code was just sent',
    terms: 'Terms of use',
    unscripted: "your phone's browser",
  },
}

let numbers = 0
/** A number that nobody else here signs in with: each gets one SMS a minute. */
const newNumber = () => `1380000${String((numbers += 1)).padStart(4, '0')}`

async function air(path, method = 'GET', body = undefined) {
  const answer = await fetch(`${wifi}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** Does something while the node's clock is so far ahead. */
async function later(ahead_s, body) {
  await air('/clock', 'PUT', { ahead_s })
  try {
    return await body()
  } finally {
    await air('/clock', 'PUT', { ahead_s: 0 })
  }
}

async function withoutGate(body) {
  await air('/gate', 'PUT', { is_away: true })
  try {
    return await body()
  } finally {
    await air('/gate', 'PUT', { is_away: false })
  }
}

const passes = async (device) => (await air('/gate'))[device] !== undefined

/** Whether the node's clock can be turned: only a program that is built for tests has a hand for it. */
async function hasHand(edge) {
  const now = async () =>
    Date.parse((await (await fetch(`${edge}/api/v1/workstations/1/display`)).json()).now)
  return later(CODE_S, async () => (await now()) - Date.now() > (CODE_S * 1000) / 2)
}

/** What a finger may touch and hardly hits. */
const smallTargets = (page) =>
  page.evaluate((least) => {
    const found = []
    for (const one of document.querySelectorAll('a[href], button, input')) {
      // A box is ticked by its words, too.
      const target = one.type === 'checkbox' ? one.closest('label') : one
      const { width, height } = target.getBoundingClientRect()
      if (width < least || height < least)
        found.push(`${one.outerHTML.slice(0, 80)}: ${width} × ${height}`)
    }
    return found
  }, FINGER_PX)

const title = async (page) => (await page.locator('h1').textContent()).trim()
const alertOf = (page) => page.locator('[role=alert]').textContent()

/** A phone of a guest: its page, and what it does there. */
function guest(page, { device, named, scripts, lang, size, shot }) {
  const submit = () => page.locator('form:not([action="/longer"]) button').click()
  return {
    page,
    device,
    scripts,
    submit,
    /** Looks at the page by day and by night. */
    async looks(name, but = []) {
      same(await page.evaluate(() => document.documentElement.lang), lang, 'language')
      for (const colorScheme of ['dark', 'light']) {
        await page.emulateMedia({ colorScheme })
        await shot(page, `portal-${name}-${named}-${colorScheme}`)
        await eventually(() => cut(page), [], `cut: ${name}`)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth)
        holds(wide <= size.width, `${name} is ${wide} px wide`)
        same(await smallTargets(page), [], `targets: ${name}`)
        // axe is a script; the page is the same bytes with scripts and without.
        if (scripts) same(await audit(page, but), [], `axe: ${name} ${colorScheme}`)
      }
    },
    async begin() {
      await page.locator('a.button').click()
      await page.locator('#phone').waitFor()
    },
    async ask(number) {
      await page.fill('#phone', number)
      await page.check('[name=terms]')
      await submit()
    },
    /** The code that was sent to a number. */
    async sms(number) {
      const { phone, code } = await air('/sms')
      same(phone, number, 'whose code was sent last')
      return code
    },
    async enter(code) {
      await page.fill('#code', code)
      await submit()
    },
    is: (what) => eventually(() => title(page), WORDS[lang][what], 'title'),
  }
}

/** The sign-in pages, everything a guest does there. */
export async function checkPortal({ browser, edge, shot }) {
  if (wifi === '') {
    console.log("NOT TESTED: the sign-in pages of the guests' Wi-Fi; set WIFI")
    return
  }
  const hand = await hasHand(edge)
  if (!hand)
    console.log('NOT TESTED: a sign-in code that is too old; the node has no hand for its clock')
  for (const size of SIZES)
    for (const scripts of [true, false])
      for (const lang of Object.keys(WORDS)) {
        const at = `${size.width}x${size.height}`
        const named = `${at}-${lang}${scripts ? '' : '-no-scripts'}`
        const told = `portal ${at} ${lang}${scripts ? '' : ', no scripts'}`
        const join = async () => {
          const { device, url } = await air('/phones', 'POST')
          const more = { locale: lang, javaScriptEnabled: scripts, hasTouch: true }
          const page = await openPage(browser, url, size, undefined, more)
          return guest(page, { device, named, scripts, lang, size, shot })
        }
        await signsIn({ told, join, edge })
        if (hand) await comesLate({ told, join })
        // It takes the looks of node and page, seconds each; the page is the same on a larger phone.
        if (size === SIZES[0]) await waits({ told, join })
      }
}

/** From the first page to the store's own pages. */
async function signsIn({ told, join, edge }) {
  const number = newNumber()
  let one
  await check(`${told}: the first page, the terms, and back`, async () => {
    one = await join()
    same(await passes(one.device), false, 'the gate lets it through')
    await one.looks('first')
    await one.page.locator('a[href="/terms"]').click()
    await one.is('terms')
    await one.looks('terms')
    await one.page.locator('a.button').click()
    await one.page.locator('a[href^="/w/"]').waitFor()
  })
  await check(`${told}: what is no number is refused, with what is`, async () => {
    await one.begin()
    await one.looks('number')
    await one.ask('12345')
    holds((await alertOf(one.page)).includes('11'), 'it does not say what a number is')
    await one.looks('no-number')
    // The browser itself keeps back a form whose terms nobody agreed to.
    await one.page.fill('#phone', number)
    await one.submit()
    holds(await one.page.locator('[name=terms]:invalid').isVisible(), 'the terms are a choice')
  })
  await check(`${told}: a wrong code is refused and says how many tries are left`, async () => {
    await one.ask(number)
    await one.page.locator('#code').waitFor()
    const masked = `${number.slice(0, 3)}****${number.slice(-4)}`
    const text = await one.page.content()
    holds(text.includes(masked) && !text.includes(number), 'the number is not masked')
    await one.looks('code')
    const code = await one.sms(number)
    await one.enter(code === '000000' ? '000001' : '000000')
    holds((await alertOf(one.page)).includes('4'), await alertOf(one.page))
    same(await passes(one.device), false, 'the gate lets it through')
    await one.looks('wrong-code')
  })
  await check(`${told}: the right code opens the gate, and HQ's coupon is there`, async () => {
    await one.enter(await one.sms(number))
    await one.is('online')
    same(await passes(one.device), true, 'the gate lets it through')
    await eventually(
      async () => {
        if ((await one.page.locator('svg.qr').count()) === 0) await one.page.reload()
        return one.page.locator('svg.qr').count()
      },
      1,
      'the coupon for coming',
      OPENING_MS,
    )
    await one.looks('online')
    // The screen of a small phone does not hold the whole page.
    await one.page.locator('svg.qr').scrollIntoViewIfNeeded()
    holds((await readQr(one.page)).startsWith('C1.'), 'what a scanner reads is no coupon')
    same([one.page.foreign, one.page.complaints], [[], []], 'foreign requests and complaints')
  })
  await check(`${told}: more time may be had, and it is not thrown back to the start`, async () => {
    await one.page.locator('form[action="/longer"] button').click()
    await one.is('online')
    same(new URL(one.page.url()).pathname, '/', 'where it is')
  })
  await check(`${told}: the way on to the store's own pages`, async () => {
    await one.page.locator('a[href="/store"]').click()
    await one.page.waitForURL((url) => url.pathname === '/phone/')
    const { host } = new URL(one.page.url())
    same(host.split(':')[1], new URL(edge).port, 'port')
    await arrives(one)
    await one.page.context().close()
  })
}

/** With scripts it has joined; without, the page says what to do. */
async function arrives({ page, scripts }) {
  if (scripts) {
    const mode = () => page.evaluate(() => document.documentElement.dataset.mode)
    await eventually(mode, 'scan', 'mode')
    holds(!page.url().includes('j='), page.url())
    return
  }
  const said = (await page.locator('noscript p').allTextContents()).join(' ')
  for (const { unscripted } of Object.values(WORDS)) holds(said.includes(unscripted), said)
}

/** A second phone that asks too soon, and types its code in too late. */
async function comesLate({ told, join }) {
  const number = newNumber()
  await check(`${told}: a code that is too old lets nobody through`, async () => {
    const one = await join()
    await one.begin()
    await one.ask(number)
    await one.page.locator('#code').waitFor()
    const code = await one.sms(number)
    await later(CODE_S, async () => {
      await one.enter(code)
      await one.is('over')
    })
    await one.looks('over')
    same(await passes(one.device), false, 'the gate lets it through')
    await one.page.locator('a.button').click()
    await one.begin()
    // Within the minute that a number waits for its next SMS.
    await one.ask(number)
    await one.is('soon')
    await one.looks('soon')
    await one.page.context().close()
  })
}

/** A third phone, which signs in while the gate is away. */
async function waits({ told, join }) {
  const number = newNumber()
  await check(`${told}: nobody is told that they are online while the gate is away`, async () => {
    const one = await join()
    await one.begin()
    await one.ask(number)
    await one.page.locator('#code').waitFor()
    await withoutGate(async () => {
      await one.enter(await one.sms(number))
      await one.is('opening')
      // It loads itself anew so that a guest need not: what WCAG 2.2.1 guards, nothing typed or read is lost by it,
      // the page says so beforehand, and it is there only for as long as the gate is away.
      await one.looks('opening', ['meta-refresh'])
    })
    await eventually(
      () => title(one.page).catch(() => ''),
      (text) => Object.values(WORDS).some(({ online }) => text === online),
      'the page when the gate is back',
      OPENING_MS,
    )
    same(await passes(one.device), true, 'the gate lets it through')
    await one.page.context().close()
  })
}
