// A shopper's phone against the daemon: joined by the display's QR, goods by photo, its cart to the till. On the stage it
// finds the box by a name over plain HTTP, as in a shop: its pages have no secure context there, and so no live camera.
import {
  axe,
  check,
  cut,
  eventually,
  holds,
  openPage,
  press,
  readQr,
  same,
  scan,
} from './harness.mjs'
import { clearCounter, money, signIn } from './till.mjs'

const SIZES = [
  { width: 390, height: 844 },
  { width: 360, height: 640 },
]
/** From a photo to its goods, the reader fetched first: a shopper who waits longer takes another (docs/limits.md). */
const READ_MS_MAX = 2_000

const LEFT = ['0001101', '0011001', '0010011', '0111101', '0100011'].concat([
  '0110001',
  '0101111',
  '0111011',
  '0110111',
  '0001011',
])
const PARITY = ['LLLLLL', 'LLGLGG', 'LLGGLG', 'LLGGGL', 'LGLLGG'].concat([
  'LGGLLG',
  'LGGGLL',
  'LGLGLG',
  'LGLGGL',
  'LGGLGL',
])
const turned = (bits) => [...bits].map((bit) => (bit === '1' ? '0' : '1')).join('')
const mirrored = (bits) => [...bits].reverse().join('')

/** The 95 modules of an EAN-13 (GS1 General Specifications, 5.2). */
function modules(code) {
  const [first, ...digits] = [...code].map(Number)
  const left = digits.slice(0, 6).map((digit, at) => {
    const odd = LEFT[digit]
    return PARITY[first][at] === 'L' ? odd : mirrored(turned(odd))
  })
  const right = digits.slice(6).map((digit) => turned(LEFT[digit]))
  return `101${left.join('')}01010${right.join('')}101`
}

/** A photo of a barcode as a hand takes it: 12 megapixels, seven degrees askew, on something that is not white. */
async function photoOf(page, code, degrees = 7) {
  const data = await page.evaluate(
    ([bits, angle]) => {
      const canvas = document.createElement('canvas')
      Object.assign(canvas, { width: 3000, height: 4000 })
      const pen = canvas.getContext('2d')
      pen.fillStyle = '#b9a88f'
      pen.fillRect(0, 0, 3000, 4000)
      pen.translate(1500, 1900)
      pen.rotate((angle * Math.PI) / 180)
      pen.fillStyle = '#fdfbf4'
      pen.fillRect(-900, -500, 1800, 1000)
      if (bits) {
        const wide = 14
        pen.fillStyle = '#1b1a18'
        Array.from(bits).forEach((bit, at) => {
          if (bit === '1') pen.fillRect((at - 47.5) * wide, -350, wide, 700)
        })
      }
      return canvas.toDataURL('image/jpeg', 0.8).split(',')[1]
    },
    [code ? modules(code) : '', degrees],
  )
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(data, 'base64') }
}

const modeOf = (page) => page.evaluate(() => document.documentElement.dataset.mode)
const textOf = async (page, test) =>
  (await page.locator(`[data-test=${test}]`).first().textContent()).trim()

async function take(page, photo) {
  await page.locator('input[type=file]').setInputFiles(photo)
}

async function fits(page, name, shot) {
  await eventually(() => cut(page), [], `cut: ${name}`)
  await shot(page, name)
  await axe(page)
}

/** Everything a shopper does with a phone, at each size. */
export async function checkPhone({ browser, edge, till, display, shot, codes, operator, pin }) {
  const joinLink = async () => {
    const view = await fetch(`${edge}/api/v1/workstations/1/display`).then((answer) =>
      answer.json(),
    )
    return view.join
  }
  for (const size of SIZES) {
    const at = `${size.width}x${size.height}`
    const named = (name) => `phone-${name}-${at}`
    let phone
    const open = async (link) => openPage(browser, link, size)

    await check(`phone ${at}: a stranger is told which QR to scan`, async () => {
      await signIn(till, operator, pin)
      await eventually(display.mode, 'idle', 'customer mode')
      const { origin } = new URL(await joinLink())
      const stranger = await open(`${origin}/phone/`)
      await eventually(() => modeOf(stranger), 'outside', 'mode')
      await fits(stranger, named('outside'), shot)
      await stranger.goto(`${origin}/phone/?j=1.${'0'.repeat(32)}`)
      await eventually(() => modeOf(stranger), 'outside', 'mode')
      holds(
        (await stranger.textContent('main')).includes('过时'),
        'it does not say that it is over',
      )
      await stranger.context().close()
    })

    await check(
      `phone ${at}: the idle display's QR lets it in, and its token leaves the address`,
      async () => {
        await signIn(till, operator, pin)
        await eventually(display.mode, 'idle', 'customer mode')
        await display.page.waitForSelector('[data-test=join] svg.qr')
        await shot(display.page, `customer-join`)
        await eventually(() => cut(display.page), [], 'cut: display')
        let link
        const isRead = async () => (link = await readQr(display.page)) === (await joinLink())
        await eventually(isRead, true, 'a camera reads the link off the display')
        phone = await open(link)
        await eventually(() => modeOf(phone), 'scan', 'mode')
        holds(!phone.url().includes('j='), phone.url())
        const isByName = !/^(127\.|localhost$)/.test(new URL(link).hostname)
        const has = await phone.evaluate(() => [
          window.isSecureContext,
          navigator.mediaDevices !== undefined,
        ])
        same(has, [!isByName, !isByName], 'a secure context and its camera')
        await fits(phone, named('scan'), shot)
      },
    )

    await check(
      `phone ${at}: a photo of a barcode is read on the phone and shows the goods`,
      async () => {
        const photo = await photoOf(phone, codes[0])
        const began = Date.now()
        await take(phone, photo)
        await eventually(() => modeOf(phone), 'item', 'mode')
        const took = Date.now() - began
        holds(took < READ_MS_MAX, `${took} ms`)
        holds(/^¥[\d,]+\.\d\d$/.test(await textOf(phone, 'price')), 'no price')
        await fits(phone, named('item'), shot)
        return `${took} ms`
      },
    )

    await check(`phone ${at}: a photo without a barcode says what to do`, async () => {
      await phone.locator('[data-test=scan-next]').click()
      await eventually(() => modeOf(phone), 'scan', 'mode')
      await take(phone, await photoOf(phone, ''))
      await phone.waitForSelector('.strip[role=alert]')
      await fits(phone, named('unread'), shot)
      await phone.locator('.close').click()
    })

    await check(
      `phone ${at}: typed digits, more, fewer, and back by the phone's own key`,
      async () => {
        for (const code of [codes[0], codes[0], codes[1]]) {
          await phone.locator('[data-test=code]').fill(code)
          await phone.locator('[data-test=find]').click()
          await eventually(() => modeOf(phone), 'item', 'mode')
          await phone.locator('[data-test=add]').click()
          await phone.waitForSelector('[data-test=in-cart]')
          await phone.locator('[data-test=scan-next]').click()
          await eventually(() => modeOf(phone), 'scan', 'mode')
        }
        await eventually(() => textOf(phone, 'pieces'), '3 件', 'pieces')
        await phone.locator('[data-test=cart]').click()
        await eventually(() => modeOf(phone), 'cart', 'mode')
        await phone.waitForSelector('[data-test=line]')
        const more = phone.locator('[data-test=line]').nth(1).locator('.step').nth(1)
        await more.click()
        await eventually(() => textOf(phone, 'pieces'), '4 件', 'pieces')
        await fits(phone, named('cart'), shot)
        await phone.goBack()
        await eventually(() => modeOf(phone), 'scan', 'mode')
        await phone.goForward()
        await eventually(() => modeOf(phone), 'cart', 'mode')
        await phone.reload()
        await eventually(() => textOf(phone, 'pieces'), '4 件', 'pieces after a reload')
      },
    )

    await check(
      `phone ${at}: four digits come to the till marked 手机, and the phone is told`,
      async () => {
        if ((await modeOf(phone)) !== 'cart') await phone.locator('[data-test=cart]').click()
        await phone.locator('[data-test=show]').click()
        await eventually(() => modeOf(phone), 'show', 'mode')
        await fits(phone, named('show'), shot)
        const digits = await textOf(phone, 'digits')
        const { cart, code } = await phone.evaluate(async () =>
          (await fetch('/api/v1/phone/view')).json(),
        )
        await signIn(till, operator, pin)
        await press(till.page, 'Shift+F8')
        await eventually(till.mode, 'ask', 'the sheet')
        const wrong = String((Number(digits) + 1) % 10_000).padStart(4, '0')
        await press(till.page, ...wrong)
        await till.page.waitForSelector('[data-test=refused]')
        await shot(till.page, `operator-phone-refused-${at}`)
        await axe(till.page)
        await press(till.page, ...digits)
        await eventually(async () => (await till.skus()).length, cart.lines.length, 'lines')
        await eventually(till.mode, 'sell', 'mode')
        same(await till.page.locator('[data-test=phone]').count(), cart.lines.length, 'marks')
        same(await till.due(), money(cart.total), 'due')
        await eventually(display.mode, 'cart', 'customer mode')
        holds((await display.text()).includes('手机'), 'the display has no mark')
        await eventually(() => modeOf(phone), 'taken', 'the phone is told')
        await fits(phone, named('taken'), shot)
        await shot(till.page, `operator-phone-lines-${at}`)
        await shot(display.page, `customer-phone-lines-${at}`)
        await till.forgetTones()
        await scan(till.page, code.ticket)
        await eventually(till.alert, (text) => text.includes('已经收过'), 'second use')
        same((await till.skus()).length, cart.lines.length, 'lines after a second use')
        await clearCounter(till)
        holds((await modeOf(phone)) === 'taken', 'a cart that the till gave up came back')
      },
    )

    await check(`phone ${at}: a QR scanned at the till is a cart too; English fits`, async () => {
      await phone.locator('[data-test=anew]').click()
      await eventually(() => modeOf(phone), 'scan', 'mode')
      await phone.locator('.language').click()
      await phone.locator('[data-test=code]').fill(codes[2])
      await phone.locator('[data-test=find]').click()
      await eventually(() => modeOf(phone), 'item', 'mode')
      await phone.locator('[data-test=add]').click()
      await phone.waitForSelector('[data-test=in-cart]')
      await fits(phone, named('item-en'), shot)
      await phone.locator('[data-test=cart]').click()
      await phone.locator('[data-test=show]').click()
      await eventually(() => modeOf(phone), 'show', 'mode')
      await fits(phone, named('show-en'), shot)
      const { code } = await phone.evaluate(async () => (await fetch('/api/v1/phone/view')).json())
      const ticket = await readQr(phone)
      same(ticket, code.ticket, 'what a scanner reads off the phone')
      await scan(till.page, ticket)
      await eventually(async () => (await till.skus()).length, 1, 'lines')
      await eventually(() => modeOf(phone), 'taken', 'the phone is told')
      await clearCounter(till)
      same([phone.foreign, phone.complaints], [[], []], 'foreign requests and complaints')
      await phone.context().close()
    })
  }
}
