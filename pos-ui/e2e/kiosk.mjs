// The kiosk's face: browse, search, variants, cart, paying, the result, and what is left of a shopper: nothing.
// It pairs itself, as a demo's kiosk does; run it last, for each page that pairs itself takes another's place.
import { axe, check, cut, eventually, holds, openPage, same, scan, withFed } from './harness.mjs'

const NUMBER = 3
const SIZES = {
  pad: { width: 1280, height: 800 },
  panel: { width: 1080, height: 1920 },
  wall: { width: 2160, height: 3840 },
}

/** The page is loaded anew after each shopper: while it is, it has no mode. */
const mode = (page) =>
  page.evaluate(() => document.documentElement.dataset.mode).catch(() => 'loading')
const dataset = (page) => page.evaluate(() => ({ ...document.documentElement.dataset }))
const tap = (page, test) => page.locator(`[data-test=${test}]`).first().click()
const pieces = (page) => page.locator('[data-test=pieces]').textContent()
const viewOf = (page) =>
  page.evaluate(async (n) => (await fetch(`/api/v1/kiosks/${n}/view`)).json(), NUMBER)

/** Every key is as large as a finger: 48 u, those of the bar 60 u (56 u grown by a third in elder mode). */
async function fingers(page) {
  const small = await page.evaluate(() => {
    const unit = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--u'))
    return [...document.querySelectorAll('button')]
      .map((button) => [button, button.getBoundingClientRect()])
      .filter(([button, box]) => {
        const least = (button.closest('.bar') ? 56 : 47.5) * unit
        return box.width > 0 && (box.height < least || box.width < Math.min(least, 40 * unit))
      })
      .map(([button, box]) => `${button.textContent.trim()} ${box.width} × ${box.height}`)
  })
  same(small, [], 'keys too small')
}

/** Opens the kiosk on a screen of this size, touched once. */
async function begin(browser, edge, size) {
  const page = await openPage(browser, `${edge}/ui/kiosk/?workstation=${NUMBER}`, size)
  await eventually(() => mode(page), 'attract', 'mode')
  await tap(page, 'begin')
  await page.waitForSelector('[data-test=tile]')
  return page
}

/** Puts the first colour and the second size of a style into the cart. */
async function addStyle(page) {
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
    same(await cut(page), [], 'cut off')
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
    same(await cut(page), [], 'cut off')
    await fingers(page)
    if (name !== 'wall') await axe(page)
    await tap(page, 'add')
    await eventually(() => pieces(page), '2', 'pieces')
    await page.waitForSelector('[data-test=said]')
    await shot(page, `kiosk-${name}-search`)
    same(await cut(page), [], 'cut off')
    if (name !== 'wall') await axe(page)
    await tap(page, 'cart')
    await page.waitForSelector('[data-test=line]')
    await shot(page, `kiosk-${name}-cart`)
    const key = await page.locator('[data-test=pay]').boundingBox()
    const bar = await page.locator('[data-test=back]').boundingBox()
    holds(key.y + key.height <= bar.y, 'the key to pay is not seen')
    same(await page.locator('[data-test=line]').getAttribute('data-sku'), 'KN2301-OWH-M', 'sku')
    same(await cut(page), [], 'cut off')
    await fingers(page)
    if (name !== 'wall') await axe(page)
  })
  await check(`kiosk ${name}: how to pay`, async () => {
    await tap(page, 'pay')
    await eventually(() => mode(page), 'tender', 'mode')
    await shot(page, `kiosk-${name}-pay`)
    same(await cut(page), [], 'cut off')
    if (name !== 'wall') await axe(page)
    await tap(page, 'back')
    await eventually(() => mode(page), 'shopping', 'mode')
  })
  await check(`kiosk ${name}: English, and nothing is cut off`, async () => {
    await tap(page, 'language')
    await page.getByText('Look around').waitFor()
    await shot(page, `kiosk-${name}-english`)
    same(await cut(page), [], 'cut off')
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
    same(await cut(page), [], 'cut off')
    await tap(page, 'back')
    await page.waitForSelector('[data-test=tile]')
    await shot(page, `kiosk-${name}-elder-browse`)
    same(await cut(page), [], 'cut off')
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
      same(await cut(page), [], 'cut off')
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

async function idle(browser, edge, shot) {
  let page
  const skip = (ms) => page.clock.fastForward(ms)
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
    const before = await viewOf(page)
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
    const kept = await page.evaluate(async () => ({
      local: Object.keys(localStorage),
      session: Object.keys(sessionStorage),
      bases: (await indexedDB.databases()).length,
      text: document.querySelector('.begin').textContent,
      history: history.length,
    }))
    same([kept.local, kept.session, kept.bases], [[], [], 0], 'storage')
    holds(kept.history <= 2, `${kept.history} pages in the history`)
    holds((await viewOf(page)).session !== before.session, 'the session is the same')
    const { elder, reach } = await dataset(page)
    same(
      [elder, reach, await page.evaluate(() => document.documentElement.lang)],
      ['false', 'false', 'zh-CN'],
      'modes',
    )
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
    same(await cut(page), [], 'cut off')
    await tap(page, 'elsewhere')
    await page.waitForSelector('[data-test=other-store]')
    await shot(page, `kiosk-${name}-elsewhere`)
    same(await cut(page), [], 'cut off')
    await fingers(page)
    await axe(page)
  })
  await check(`kiosk ${name}: it is kept there, and the page forgets it`, async () => {
    await tap(page, 'keep')
    await page.waitForSelector('[data-test=kept]')
    const code = await page.locator('[data-test=aside-code]').textContent()
    holds(/^\d{4} \d{4}$/.test(code), `the code is ${code}`)
    await shot(page, `kiosk-${name}-kept`)
    same(await cut(page), [], 'cut off')
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
      same(await cut(page), [], `cut off in ${lang}`)
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
      same(await cut(page), [], 'cut off in reach of a chair, in large type')
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

async function results(browser, edge, shot) {
  const page = await begin(browser, edge, SIZES.pad)
  const real = await viewOf(page)
  await addStyle(page)
  await tap(page, 'add')
  await eventually(() => pieces(page), '1', 'pieces')
  const filled = await viewOf(page)
  await tap(page, 'restart')
  await eventually(() => mode(page), 'attract', 'mode')
  await page.context().close()
  const url = `${edge}/ui/kiosk/?workstation=${NUMBER}`
  const money = (amount) => ({ amount, currency: 'CNY' })
  const since = new Date().toISOString()
  const wait = {
    ...real,
    phase: 'wait',
    wait: { step: 'confirm', method: 'wechat', amount: money(45_900), since },
  }
  const paid = {
    ...real,
    phase: 'paid',
    paid: {
      call: 'K012',
      receipt: 'sent',
      order: {
        order_id: real.session,
        receipt_number: 'SH001-3-1-20261122-0012',
        completed_at: since,
        tendered: [{ kind: 'wechat', amount: money(45_900) }],
        change: money(0),
        total: money(45_900),
        rounding: money(0),
        saved: money(3_000),
      },
    },
  }
  for (const [name, size] of Object.entries(SIZES)) {
    await check(`kiosk ${name}: waiting is no failure`, () =>
      withFed(browser, url, size, wait, async (fed) => {
        await fed.waitForSelector('[data-test=wait]')
        await shot(fed, `kiosk-${name}-wait`)
        same(await cut(fed), [], 'cut off')
        holds(await fed.locator('[data-test=restart]').isDisabled(), 'may start over')
        if (name !== 'wall') await axe(fed)
      }),
    )
    await check(`kiosk ${name}: the result, its number largest`, () =>
      withFed(browser, url, size, paid, async (fed) => {
        await fed.waitForSelector('[data-test=call]')
        await shot(fed, `kiosk-${name}-paid`)
        same(await fed.locator('[data-test=call]').textContent(), 'K012', 'number')
        same(await cut(fed), [], 'cut off')
        if (name !== 'wall') await axe(fed)
      }),
    )
  }
  const member = {
    ...filled,
    member: {
      name: '欧*',
      phone: '138****5678',
      tier: '金卡',
      funds: null,
      points_spent: 0,
      points_earned: 12,
      balance_part: money(0),
      coupons: [],
    },
    coupons: [
      {
        id: real.session,
        title: '满30减10',
        saved: money(1_000),
        takes_part: true,
        personal: false,
        expires_at: since,
      },
      {
        id: real.boot,
        title: '满300减100',
        saved: money(0),
        takes_part: false,
        personal: true,
        expires_at: since,
      },
    ],
  }
  await check('kiosk: the cart names its member, masked, and their coupons', () =>
    withFed(browser, url, SIZES.pad, member, async (fed) => {
      await tap(fed, 'cart')
      const told = await fed.locator('[data-test=member]').textContent()
      holds(told.includes('138****5678') && told.includes('金卡'), told)
      same(await fed.locator('[data-test=coupon]').count(), 2, 'coupons')
      await shot(fed, 'kiosk-pad-member')
      same(await cut(fed), [], 'cut off')
      await fingers(fed)
      await axe(fed)
    }),
  )
  await check('KI-10 without a line the pay screen says so and keeps the cart', () =>
    withFed(
      browser,
      url,
      SIZES.pad,
      { ...real, phase: 'tender', online: false, rights: { ...real.rights, left: money(900) } },
      async (fed) => {
        await fed.waitForSelector('[data-test=offline]')
        await shot(fed, 'kiosk-pad-offline')
        await axe(fed)
      },
    ),
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
    same(await cut(page), [], 'cut off')
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
  await results(browser, edge, shot)
  await rest(browser, edge, shot, code)
}
