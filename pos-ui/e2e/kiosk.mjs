// The kiosk's face: browse, search, variants, cart, paying, the result, and what is left of a shopper: nothing.
// It pairs itself, as a demo's kiosk does; run it last, for each page that pairs itself takes another's place.
import { axe, check, cut, eventually, holds, openPage, same, scan, withFed } from './harness.mjs'

export const NUMBER = 3
export const SIZES = {
  pad: { width: 1280, height: 800 },
  panel: { width: 1080, height: 1920 },
  wall: { width: 2160, height: 3840 },
}

/** The page is loaded anew after each shopper: while it is, it has no mode. */
export const mode = (page) =>
  page.evaluate(() => document.documentElement.dataset.mode).catch(() => 'loading')
const dataset = (page) => page.evaluate(() => ({ ...document.documentElement.dataset }))
export const tap = (page, test) => page.locator(`[data-test=${test}]`).first().click()
export const pieces = (page) => page.locator('[data-test=pieces]').textContent()
export const viewOf = (page) =>
  page.evaluate(async (n) => (await fetch(`/api/v1/kiosks/${n}/view`)).json(), NUMBER)

/** Keys smaller than a finger: 48 u, those of the bar 60 u (56 u grown by a third in elder mode). */
export const smallKeys = (page) =>
  page.evaluate(() => {
    const unit = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--u'))
    return [...document.querySelectorAll('button')]
      .map((button) => [button, button.getBoundingClientRect()])
      .filter(([button, box]) => {
        const least = (button.closest('.bar') ? 55.5 : 47.5) * unit
        return box.width > 0 && (box.height < least || box.width < Math.min(least, 40 * unit))
      })
      .map(([button, box]) => `${button.textContent.trim()} ${box.width} × ${box.height}`)
  })

/** Every key is as large as a finger. */
const fingers = async (page) => same(await smallKeys(page), [], 'keys too small')

/** Opens the kiosk on a screen of this size, touched once. */
export async function begin(browser, edge, size) {
  const page = await openPage(browser, `${edge}/ui/kiosk/?workstation=${NUMBER}`, size)
  await eventually(() => mode(page), 'attract', 'mode')
  await tap(page, 'begin')
  await page.waitForSelector('[data-test=tile]')
  return page
}

/** Puts the first colour and the second size of a style into the cart. */
export async function addStyle(page) {
  await tap(page, 'search')
  for (const key of 'ymhfzzs') await page.locator(`[data-key=${key}]`).click()
  await page.locator('[data-test=tile]', { hasText: '羊毛混纺针织衫' }).click()
  await page.waitForSelector('[data-test=item]')
}

async function looks(browser, edge, shot, name) {
  const size = SIZES[name]
  let page
  await check(`kiosk ${name}: attract, one touch begins`, async () => {
    page = await openPage(browser, `${edge}/ui/kiosk/?workstation=${NUMBER}`, size)
    await eventually(() => mode(page), 'attract', 'mode')
    await page.waitForSelector('.ledger .line')
    await shot(page, `kiosk-${name}-attract`)
    if (name !== 'wall') await axe(page)
    await tap(page, 'begin')
    await page.waitForSelector('[data-test=tile]')
  })
  await check(`kiosk ${name}: departments, shelves and pages of 24`, async () => {
    await page.waitForSelector('[data-test=department]')
    await eventually(() => page.locator('[data-test=tile]').count(), 24, 'tiles')
    await shot(page, `kiosk-${name}-browse`)
    await eventually(() => cut(page), [], 'cut off')
    await fingers(page)
    if (name !== 'wall') await axe(page)
    await tap(page, 'more')
    await eventually(() => page.locator('[data-test=tile]').count(), 48, 'tiles')
    await page.locator('[data-test=department]', { hasText: '服装' }).click()
    await page.locator('[data-test=shelf]', { hasText: '外套' }).click()
    await eventually(
      () => page.locator('[data-test=shelf][aria-pressed=true]').textContent(),
      (text) => text.includes('外套'),
      'shelf',
    )
  })
  await check(`kiosk ${name}: search by 拼音 initials, variants, cart`, async () => {
    await addStyle(page)
    await page.locator('[data-test=colour]', { hasText: '米白' }).click()
    await page.locator('[data-test=size]', { hasText: 'M' }).click()
    await tap(page, 'plus')
    await shot(page, `kiosk-${name}-item`)
    await eventually(() => cut(page), [], 'cut off')
    await fingers(page)
    if (name !== 'wall') await axe(page)
    await tap(page, 'add')
    await eventually(() => pieces(page), '2', 'pieces')
    await page.waitForSelector('[data-test=said]')
    await shot(page, `kiosk-${name}-search`)
    await eventually(() => cut(page), [], 'cut off')
    if (name !== 'wall') await axe(page)
    await tap(page, 'cart')
    await page.waitForSelector('[data-test=line]')
    await shot(page, `kiosk-${name}-cart`)
    const key = await page.locator('[data-test=pay]').boundingBox()
    const bar = await page.locator('[data-test=back]').boundingBox()
    holds(key.y + key.height <= bar.y, 'the key to pay is not seen')
    same(await page.locator('[data-test=line]').getAttribute('data-sku'), 'KN2301-OWH-M', 'sku')
    await eventually(() => cut(page), [], 'cut off')
    await fingers(page)
    if (name !== 'wall') await axe(page)
  })
  await check(`kiosk ${name}: how to pay`, async () => {
    await tap(page, 'pay')
    await eventually(() => mode(page), 'tender', 'mode')
    await shot(page, `kiosk-${name}-pay`)
    await eventually(() => cut(page), [], 'cut off')
    if (name !== 'wall') await axe(page)
    await tap(page, 'back')
    await eventually(() => mode(page), 'shopping', 'mode')
  })
  await check(`kiosk ${name}: English, and nothing is cut off`, async () => {
    await tap(page, 'language')
    await page.getByText('Look around').waitFor()
    await shot(page, `kiosk-${name}-english`)
    await eventually(() => cut(page), [], 'cut off')
    await tap(page, 'language')
  })
  await check(`kiosk ${name}: KI-7 large type has no small print`, async () => {
    const plain = await page.evaluate(() =>
      parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--u')),
    )
    await tap(page, 'elder')
    await eventually(async () => (await dataset(page)).elder, 'true', 'elder')
    await shot(page, `kiosk-${name}-elder`)
    const small = await page.evaluate(
      (least) =>
        [...document.querySelectorAll('body *')]
          .filter(
            (one) =>
              one.childElementCount === 0 &&
              one.textContent.trim() !== '' &&
              !one.closest('.visually-hidden, [aria-hidden=true]') &&
              !one.classList.contains('symbol') &&
              parseFloat(getComputedStyle(one).fontSize) < least,
          )
          .map((one) => `${one.textContent.trim()} ${getComputedStyle(one).fontSize}`),
      24 * plain - 0.5,
    )
    same(small, [], 'small print')
    const key = await page.locator('[data-test=pay]').boundingBox()
    const bar = await page.locator('[data-test=back]').boundingBox()
    holds(key.y + key.height <= bar.y, 'the key to pay is not seen')
    await eventually(() => cut(page), [], 'cut off')
    await tap(page, 'back')
    await page.waitForSelector('[data-test=tile]')
    await shot(page, `kiosk-${name}-elder-browse`)
    await eventually(() => cut(page), [], 'cut off')
    await tap(page, 'elder')
  })
  if (name !== 'pad') {
    await check(`kiosk ${name}: KI-6 everything in the lower half`, async () => {
      await tap(page, 'reach')
      await eventually(async () => (await dataset(page)).reach, 'true', 'reach')
      await shot(page, `kiosk-${name}-reach`)
      const high = await page.evaluate(
        () =>
          [...document.querySelectorAll('button')]
            .map((button) => button.getBoundingClientRect())
            .filter((box) => box.width > 0 && box.top < window.innerHeight / 2 - 1).length,
      )
      same(high, 0, 'keys out of reach')
      await eventually(() => cut(page), [], 'cut off')
      if (name === 'panel') await axe(page)
      await tap(page, 'cart')
      await page.waitForSelector('[data-test=line]')
      await shot(page, `kiosk-${name}-reach-cart`)
      holds(await page.locator('[data-test=pay]').isVisible(), 'paying is out of reach')
    })
  }
  await check(`kiosk ${name}: start over leaves nothing`, async () => {
    const { session } = await viewOf(page)
    await tap(page, 'restart')
    await eventually(() => mode(page), 'attract', 'mode')
    const view = await viewOf(page)
    holds(view.session !== session, 'the session is the same')
    same([view.cart.lines, view.last_scan], [[], null], 'cart')
    same(page.foreign, [], 'foreign requests')
    same(page.complaints, [], 'complaints')
    await page.context().close()
  })
}

/** All that a page and its browser keep, as one text. */
async function keptBy(page) {
  const parts = await page.evaluate(async () => {
    const stored = await indexedDB.databases()
    return {
      page: document.documentElement.outerHTML,
      fields: [...document.querySelectorAll('input, textarea')].map((one) => one.value),
      local: { ...localStorage },
      session: { ...sessionStorage },
      stored: stored.map(({ name }) => name),
      caches: await caches.keys(),
      history: [history.state, location.href, document.referrer, window.name],
      entries: history.length,
    }
  })
  const cookies = await page.context().cookies()
  return { parts, text: JSON.stringify([parts, cookies]) }
}

async function idle(browser, edge, shot) {
  const { MEMBER, MEMBER_CODE, COUPONS } = process.env
  const coupon = COUPONS?.split(',')[0]
  const hasMember = Boolean(MEMBER && MEMBER_CODE && coupon)
  const letters = 'ymhfzzs'
  let page
  let marks
  const skip = (ms) => page.clock.fastForward(ms)
  const typed = () => page.locator('[data-test=typed]').textContent()
  await check('KI-1 a minute of nobody asks, half a minute more forgets everything', async () => {
    page = await openPage(
      browser,
      `${edge}/ui/kiosk/?workstation=${NUMBER}`,
      SIZES.pad,
      async (fresh) => fresh.clock.install(),
    )
    await eventually(() => mode(page), 'attract', 'mode')
    await tap(page, 'begin')
    await page.waitForSelector('[data-test=tile]')
    await addStyle(page)
    await tap(page, 'add')
    await eventually(() => pieces(page), '1', 'pieces')
    if (hasMember) {
      // The store hears of its members with its feed.
      const isKnown = async () => {
        await scan(page, MEMBER_CODE)
        return (await viewOf(page)).member !== null
      }
      await eventually(isKnown, true, 'the member')
      await scan(page, coupon)
      await eventually(async () => (await viewOf(page)).coupons.length, 1, 'coupons')
    }
    await tap(page, 'cart')
    await page.waitForSelector('[data-test=line]')
    const { session, member, coupons } = await viewOf(page)
    const shown = [member?.phone, coupons[0]?.title].filter(Boolean)
    const cart = await page.locator('.lines').textContent()
    for (const one of shown) holds(cart.includes(one), `${one} is not in the cart: ${cart}`)
    await tap(page, 'search')
    await eventually(typed, letters, 'what was searched')
    marks = [letters, session, ...shown]
    if (hasMember) marks.push(MEMBER, MEMBER_CODE, coupon, coupons[0].id)
    await skip(58_000)
    same(await page.locator('[data-test=ask]').count(), 0, 'asked early')
    await skip(2_500)
    await page.waitForSelector('[data-test=ask]')
    await shot(page, 'kiosk-pad-ask')
    await axe(page)
  })
  await check('KI-2 "go on" keeps the cart', async () => {
    await skip(10_000)
    await tap(page, 'ask-stay')
    same(await page.locator('[data-test=ask]').count(), 0, 'still asked')
    await skip(40_000)
    same((await viewOf(page)).cart.pieces, 1, 'pieces')
  })
  await check('KI-4 after the reset nothing of the shopper is anywhere', async () => {
    await skip(21_000)
    await page.waitForSelector('[data-test=ask]')
    await skip(31_000)
    await eventually(
      // The page is loaded anew while one asks.
      () =>
        viewOf(page).then(
          ({ cart }) => cart.lines.length,
          () => 'loading',
        ),
      0,
      'lines in the daemon after the reset',
    )
    await eventually(() => mode(page), 'attract', 'mode')
    await page.waitForSelector('[data-test=begin]')
    const { parts, text } = await keptBy(page)
    const told = JSON.stringify(await viewOf(page))
    for (const mark of marks) {
      holds(!text.includes(mark), `${mark} is kept: ${JSON.stringify(parts).slice(0, 400)}`)
      holds(!told.includes(mark), `${mark} is in the view`)
    }
    same([parts.local, parts.session, parts.stored, parts.caches], [{}, {}, [], []], 'storage')
    holds(parts.entries <= 2, `${parts.entries} pages in the history`)
    const { elder, reach } = await dataset(page)
    same(
      [elder, reach, await page.evaluate(() => document.documentElement.lang)],
      ['false', 'false', 'zh-CN'],
      'modes',
    )
    // Going back brings nobody back, and the next shopper finds an empty search and an empty cart.
    await page.goBack().catch(() => null)
    if (!page.url().startsWith(edge)) await page.goForward()
    await eventually(() => mode(page), 'attract', 'mode')
    await tap(page, 'begin')
    await page.waitForSelector('[data-test=tile]')
    await tap(page, 'search')
    holds(!(await typed()).includes(letters), 'the search is still there')
    await tap(page, 'cart')
    same(await page.locator('[data-test=member], [data-test=coupon]').count(), 0, 'who was there')
    same(await page.locator('[data-test=line]').count(), 0, 'lines')
    const after = await keptBy(page)
    same(
      marks.filter((mark) => after.text.includes(mark)),
      [],
      'kept',
    )
    await tap(page, 'restart')
    await eventually(() => mode(page), 'attract', 'mode')
    await page.context().close()
  })
}

/** A photo of the page has it all: digits, QR, where and until when, and the key to go on; nothing is scrolled away. */
async function keptInSight(page) {
  const hidden = await page.evaluate(() => {
    const parts = document.querySelectorAll('.kept .title, .code, .how, .qr, .photo, .go')
    return [...parts]
      .filter((part) => {
        const [box, room] = [part, part.parentElement].map((one) => one.getBoundingClientRect())
        const isIn = box.top >= room.top - 1 && box.bottom <= room.bottom + 1
        return box.width === 0 || !isIn
      })
      .map((part) => part.className)
  })
  same(hidden, [], 'not on the photo')
  const larger = await page.evaluate(() => {
    const size = (one) => parseFloat(getComputedStyle(one).fontSize)
    const least = size(document.querySelector('.code'))
    return [...document.querySelectorAll('.kept *')]
      .filter((one) => !one.matches('.code') && size(one) >= least)
      .map((one) => one.className)
  })
  same(larger, [], 'as large as the digits')
}

/** What this store lacks and the one next door has (the stage counts it so). */
async function elsewhere(browser, edge, shot, name) {
  let page
  await check(`kiosk ${name}: an item the store lacks is found next door`, async () => {
    page = await begin(browser, edge, SIZES[name])
    await addStyle(page)
    await page.locator('[data-test=colour]', { hasText: '米白' }).click()
    await page.locator('[data-test=size]', { hasText: 'L' }).click()
    await eventually(
      () => page.locator('[data-test=stock]').textContent(),
      (text) => text.includes('没有'),
      'stock',
    )
    same(await page.locator('[data-test=add]').count(), 0, 'keys to add what is not there')
    await shot(page, `kiosk-${name}-lacking`)
    await eventually(() => cut(page), [], 'cut off')
    await tap(page, 'elsewhere')
    await page.waitForSelector('[data-test=other-store]')
    await shot(page, `kiosk-${name}-elsewhere`)
    await eventually(() => cut(page), [], 'cut off')
    await fingers(page)
    await axe(page)
  })
  await check(`kiosk ${name}: it is kept there, and the page forgets it`, async () => {
    await tap(page, 'keep')
    await page.waitForSelector('[data-test=kept]')
    const code = await page.locator('[data-test=aside-code]').textContent()
    holds(/^\d{4} \d{4}$/.test(code), `the code is ${code}`)
    await shot(page, `kiosk-${name}-kept`)
    await eventually(() => cut(page), [], 'cut off')
    await axe(page)
    await keptInSight(page)
    await tap(page, 'elder')
    await eventually(async () => (await dataset(page)).elder, 'true', 'elder')
    for (const [lang, word] of [
      ['zh-CN', '拍好了'],
      ['en', 'I have a photo'],
    ]) {
      if (lang === 'en') await tap(page, 'language')
      await page.getByText(word).waitFor()
      for (const theme of ['light', 'dark']) {
        await page.evaluate((one) => (document.documentElement.dataset.theme = one), theme)
        await shot(page, `kiosk-${name}-kept-elder-${lang}-${theme}`)
      }
      same(await page.locator('[data-test=aside-code]').textContent(), code, 'the code')
      await eventually(() => cut(page), [], `cut off in ${lang}`)
      await keptInSight(page)
      await fingers(page)
      await axe(page)
    }
    await tap(page, 'language')
    await tap(page, 'elder')
    if (name !== 'pad') {
      await tap(page, 'reach')
      await eventually(async () => (await dataset(page)).reach, 'true', 'reach')
      await shot(page, `kiosk-${name}-kept-reach`)
      await keptInSight(page)
      await tap(page, 'elder')
      await shot(page, `kiosk-${name}-kept-reach-elder`)
      await eventually(() => cut(page), [], 'cut off in reach of a chair, in large type')
      await keptInSight(page)
      await tap(page, 'elder')
      await tap(page, 'reach')
    }
    await tap(page, 'kept-done')
    await page.waitForSelector('[data-test=tile]')
    const text = await page.evaluate(() => document.body.innerText)
    holds(!text.includes(code), 'the code is still there')
    await page.context().close()
  })
  if (name !== 'pad') return
  await check('kiosk: with the line cut it says that other stores cannot be seen', async () => {
    page = await begin(browser, edge, SIZES.pad)
    await page.route('**/elsewhere?**', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ type: '/problems/elsewhere-unreachable', title: '', status: 503 }),
      }),
    )
    await addStyle(page)
    await page.locator('[data-test=colour]', { hasText: '米白' }).click()
    await page.locator('[data-test=size]', { hasText: 'L' }).click()
    await tap(page, 'elsewhere')
    await page.locator('[data-test=elsewhere-wrong]', { hasText: '网络断开' }).waitFor()
    await shot(page, 'kiosk-pad-elsewhere-cut')
    await axe(page)
    await page.context().close()
  })
}

/** The stage cuts no cable: what is said without a line is fed. */
async function offline(browser, edge, shot) {
  const page = await begin(browser, edge, SIZES.pad)
  const real = await viewOf(page)
  await tap(page, 'restart')
  await eventually(() => mode(page), 'attract', 'mode')
  await page.context().close()
  const url = `${edge}/ui/kiosk/?workstation=${NUMBER}`
  const left = { amount: 900, currency: 'CNY' }
  const view = { ...real, phase: 'tender', online: false, rights: { ...real.rights, left } }
  await check('KI-10 without a line the pay screen says so and keeps the cart', () =>
    withFed(browser, url, SIZES.pad, view, async (fed) => {
      await fed.waitForSelector('[data-test=offline]')
      await shot(fed, 'kiosk-pad-offline')
      await eventually(() => cut(fed), [], 'cut off')
      await axe(fed)
    }),
  )
}

async function rest(browser, edge, shot, code) {
  await check('kiosk: a scan wakes it, adds, and KI-9 nothing opens a menu', async () => {
    const page = await openPage(browser, `${edge}/ui/kiosk/?workstation=${NUMBER}`, SIZES.pad)
    await eventually(() => mode(page), 'attract', 'mode')
    await scan(page, code)
    await eventually(() => mode(page), 'shopping', 'mode')
    await eventually(() => pieces(page), '1', 'pieces')
    const prevented = await page.evaluate(() => {
      const event = new MouseEvent('contextmenu', { cancelable: true, bubbles: true })
      document.body.dispatchEvent(event)
      return event.defaultPrevented
    })
    holds(prevented, 'a menu opens')
    await tap(page, 'restart')
    await eventually(() => mode(page), 'attract', 'mode')
    await page.context().close()
  })
  await check('kiosk: a screen that was never paired asks for a code', async () => {
    const page = await openPage(
      browser,
      `${edge}/ui/kiosk/?workstation=${NUMBER}`,
      SIZES.pad,
      (fresh) =>
        fresh.route(`**/api/v1/kiosks/${NUMBER}`, async (route) => {
          const response = await route.fetch()
          const body = await response.json()
          await route.fulfill({ json: { ...body, paired: false, pairs_itself: false } })
        }),
    )
    await eventually(() => mode(page), 'pair', 'mode')
    for (const digit of '000000') await page.locator('.pad .key', { hasText: digit }).click()
    await page.locator('[role=alert]').waitFor()
    await shot(page, 'kiosk-pad-pair')
    await eventually(() => cut(page), [], 'cut off')
    await axe(page)
    await page.context().close()
  })
  await check('KI-13 who wants no motion sees none', async () => {
    const context = await browser.newContext({ viewport: SIZES.pad, reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.goto(`${edge}/ui/kiosk/?workstation=${NUMBER}`)
    await page.waitForSelector('.ledger .line')
    same(
      await page.evaluate(() => getComputedStyle(document.querySelector('.roll')).animationName),
      'none',
      'animation',
    )
    await context.close()
  })
}

/** Everything of the kiosk's face. */
export async function checkKiosk({ browser, edge, shot, code }) {
  for (const name of Object.keys(SIZES)) await looks(browser, edge, shot, name)
  for (const name of Object.keys(SIZES)) await elsewhere(browser, edge, shot, name)
  await idle(browser, edge, shot)
  await offline(browser, edge, shot)
  await rest(browser, edge, shot, code)
}
