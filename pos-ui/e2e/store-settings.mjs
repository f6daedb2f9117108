// What HQ sets with more than a word: the order of ways to pay, a key, a playlist; made on HQ's page, seen on both faces
// of a till. Nothing is left behind.
import { axe, check, cut, eventually, holds, openPage, press, same, scan } from './harness.mjs'
import { clearCounter, signIn } from './till.mjs'

const SIZE = { width: 1280, height: 800 }
const ORDER = 'tender.order'
const FIND = 'keys.find'
const PLAYLIST = 'customer_display.playlist'
const WAYS = '.ways > [data-test]'

/** A PNG of one colour with a word on it, drawn by the browser itself. */
const drawn = (page, colour, word) =>
  page.evaluate(
    ([fill, text]) => {
      const canvas = document.createElement('canvas')
      canvas.width = 1280
      canvas.height = 600
      const pen = canvas.getContext('2d')
      pen.fillStyle = fill
      pen.fillRect(0, 0, canvas.width, canvas.height)
      pen.fillStyle = '#fff'
      pen.font = '700 160px serif'
      pen.textAlign = 'center'
      pen.fillText(text, canvas.width / 2, canvas.height / 2)
      return canvas.toDataURL('image/png').split(',')[1]
    },
    [colour, word],
  )

export async function checkStoreSettings({
  browser,
  mall,
  token,
  till,
  display,
  codes,
  operator,
  pin,
  shot,
}) {
  const page = await openPage(browser, `${mall}/hq/`, SIZE)
  const field = (key) => page.locator(`[data-key="${key}"]`)
  const touch = (key) => field(key).getByRole('checkbox').click()
  const save = async () => {
    await page.locator('#save').click()
    await page.locator('#sure button[value=yes]').click()
    const done = () => page.locator('#done').innerText()
    await eventually(done, (text) => text.includes('已保存'), 'it was saved')
  }
  const ways = () =>
    till.page.locator(WAYS).evaluateAll((all) => all.map((one) => one.dataset.test))
  const offered = (expected) =>
    eventually(async () => (await ways()).filter((way) => way !== 'away'), expected, 'ways')

  await check(
    'hq: the order of ways to pay and a key are set, and are so at the till',
    async () => {
      await signIn(till, operator, pin)
      await scan(till.page, codes[0])
      await eventually(async () => (await till.skus()).length, 1, 'lines')
      await press(till.page, 'Space')
      await eventually(till.mode, 'tender', 'mode')
      await offered(['cash', 'code', 'redeem', 'member-key'])
      await page.locator('#token').fill(token)
      await page.locator('#token').press('Enter')
      const { store } = await till.view()
      await page
        .locator('#store-rows tr', { hasText: store.code })
        .getByRole('button', { name: '设置' })
        .click()
      await field(ORDER).waitFor()
      await touch(ORDER)
      await field(ORDER).locator('li', { hasText: '付款码' }).getByRole('button').first().click()
      await touch(FIND)
      await field(FIND).getByRole('combobox').selectOption({ label: 'F4' })
      same(await page.locator('#change-rows li').count(), 2, 'changes')
      await eventually(() => cut(page), [], 'cut')
      await shot(page, 'hq-order-and-key')
      await axe(page)
      await save()
      await offered(['code', 'cash', 'redeem', 'member-key'])
      await shot(till.page, 'operator-ways')
      await axe(till.page)
      await press(till.page, 'Escape')
      await eventually(till.mode, 'sell', 'mode')
      await press(till.page, 'F4')
      await eventually(till.mode, 'find', 'mode')
      await press(till.page, 'F4')
      await eventually(till.mode, 'sell', 'mode')
      await press(till.page, 'F2')
      same(await till.mode(), 'sell', 'the usual key still finds')
      await press(till.page, 'F1')
      await till.page.waitForSelector('dialog[open] dt')
      const caps = await till.page.locator('dialog[open] .cap').allInnerTexts()
      holds(caps.includes('F4') && !caps.includes('F2'), caps.join(' '))
      await shot(till.page, 'operator-keys-moved')
      await press(till.page, 'F1')
    },
  )

  await check(
    'hq: a key that another action has is refused, and the till keeps its keys',
    async () => {
      await field(FIND).getByRole('combobox').selectOption({ label: 'F8' })
      await page.locator('#save').click()
      await page.locator('#sure button[value=yes]').click()
      const wrong = () => page.locator('#wrong').innerText()
      await eventually(wrong, (text) => text.includes('redeem'), 'the refusal')
      await shot(page, 'hq-key-taken')
      await field(FIND).getByRole('combobox').selectOption({ label: 'F4' })
      same((await till.view()).keys, { find: 'F4' }, 'keys of the till')
    },
  )

  await check(
    'hq: a playlist is uploaded, and the idle display shows it in turn; axe',
    async () => {
      await clearCounter(till)
      await eventually(display.mode, 'idle', 'mode')
      await touch(PLAYLIST)
      for (const [colour, word] of [
        ['#0b5c54', '新茶上市'],
        ['#7a2e1d', '满百减廿'],
      ]) {
        const buffer = Buffer.from(await drawn(page, colour, word), 'base64')
        const name = `${word}.png`
        const slides = field(PLAYLIST).locator('.slide')
        const before = await slides.count()
        await field(PLAYLIST)
          .locator('input[type=file]')
          .setInputFiles({ name, mimeType: 'image/png', buffer })
        await eventually(() => slides.count(), before + 1, 'slides')
      }
      const seconds = field(PLAYLIST).locator('input[type=number]')
      for (const place of [0, 1]) {
        await seconds.nth(place).fill('3')
        await seconds.nth(place).press('Tab')
      }
      const drawnThumbs = () =>
        field(PLAYLIST)
          .locator('.thumb')
          .evaluateAll((all) => all.map((one) => one.naturalWidth))
      await eventually(drawnThumbs, [1280, 1280], 'thumbnails')
      await eventually(() => cut(page), [], 'cut')
      await shot(page, 'hq-playlist')
      await axe(page)
      await save()
      const slide = display.page.locator('[data-test=slide]')
      await slide.waitFor()
      const source = () => slide.getAttribute('src')
      const first = await source()
      await shot(display.page, 'customer-slide')
      same((await display.headings()).length, 1, 'h1')
      await axe(display.page)
      await eventually(source, (now) => now !== first, 'the next picture')
      await shot(display.page, 'customer-slide-next')
      await scan(till.page, codes[0])
      await eventually(display.mode, 'cart', 'mode')
      same(await slide.count(), 0, 'a picture stands before the cart')
      await clearCounter(till)
    },
  )

  await check('hq: what was set is taken back, and both faces are as they were', async () => {
    for (const key of [ORDER, FIND, PLAYLIST]) await touch(key)
    await save()
    await eventually(async () => (await till.view()).keys, {}, 'keys')
    await eventually(() => display.page.locator('[data-test=slide]').count(), 0, 'pictures')
  })
  await page.close()
}
