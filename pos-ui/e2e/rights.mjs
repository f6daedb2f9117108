// Payments by code and vouchers in states that no house can be brought to, or that pass too soon to be looked at: many at
// once with the longest names, a mall that is away, an answer that does not come for a minute and a half. Pages are told
// them; what they show, what they send, and that nothing is cut, covered or beyond a finger. Everything else is played
// against simulated houses by houses.mjs.
import { axe, check, cut, eventually, holds, press, same, withFed } from './harness.mjs'
import {
  MINUTE_MS,
  ago,
  cart,
  cny,
  customerView,
  listen,
  nothing,
  operatorView,
  rightsOf,
  small,
} from './views.mjs'

const VOUCHER_CODE = 'ABC123456789'
const LONG = '双人下午茶套餐含两份手作蛋糕与两杯现磨咖啡周末节假日通用券'

const textOf = async (page, selector) => (await page.locator(selector).first().textContent()).trim()

const payment = (more = {}) => ({
  id: '019a0000-0000-7000-8000-000000000001',
  method: 'wechat',
  state: 'paying',
  amount: cny(20_000),
  since: ago(12_000),
  problem: null,
  ...more,
})
const offer = (more = {}) => ({
  title: '50元代金券',
  count: 3,
  worth: cny(5_000),
  reduces: false,
  expires_at: '2099-12-31T15:59:59Z',
  ...more,
})
const redemption = (more = {}) => ({
  id: '019a0000-0000-7000-8000-000000000002',
  issuer: 'douyin',
  state: 'looked_up',
  title: '50元代金券',
  code_tail: '6789',
  offers: [offer()],
  choice: { offer: 0, count: 2 },
  amount: cny(10_000),
  takes_part: true,
  since: ago(30_000),
  reversible_until: null,
  problem: null,
  ...more,
})
const lastOrder = (more = {}) => ({
  id: '019a0000-0000-7000-8000-0000000000bb',
  receipt_number: 'SH001-1-261121-0007',
  completed_at: ago(MINUTE_MS),
  total: cny(30_717),
  rounding: nothing,
  tendered: [{ kind: 'wechat', amount: cny(30_717) }],
  change: nothing,
  pieces: 2,
  saved: nothing,
  receipt: 'sent',
  undone: false,
  ...more,
})
const away = { ...operatorView('sell', null).link, mall: 'down', outbox: 3 }
const several = redemption({
  choice: null,
  takes_part: false,
  amount: nothing,
  offers: [
    offer({ count: 1, title: LONG, worth: cny(19_800) }),
    offer(),
    offer({ count: 1, title: '满200减30优惠券', reduces: true, worth: nothing }),
  ],
})
const crowded = rightsOf({
  redemptions: [
    redemption({ state: 'redeemed', title: LONG }),
    redemption({ id: 'r2', state: 'looked_up', takes_part: false, amount: nothing }),
    redemption({ id: 'r3', state: 'refused', takes_part: false, amount: nothing }),
  ],
  payments: [
    payment({ id: 'p1', state: 'reversed' }),
    payment({ id: 'p2', state: 'refused', method: 'alipay' }),
    payment({ id: 'p3', state: 'paid', amount: cny(10_000) }),
  ],
  left: cny(10_717),
  hold: 'taken',
})
const paying = rightsOf({
  payments: [payment()],
  left: cny(10_717),
  hold: 'undecided',
  can_charge: false,
})

/** Name, view, and what the page makes of it. */
const OPERATOR = [
  ['sell-crowded', operatorView('sell', crowded), 'sell'],
  ['sell-last', operatorView('sell', rightsOf(), { last_order: lastOrder() }), 'sell'],
  ['tender-away', operatorView('tender', rightsOf(), { link: away }), 'tender'],
  ['tender-crowded', operatorView('tender', crowded), 'tender'],
  [
    'wait-unknown',
    operatorView('tender', { ...paying, payments: [payment({ since: ago(95_000) })] }),
    'wait',
  ],
]
const OPERATOR_SIZES = [
  [1024, 600],
  [1366, 768],
  [1920, 1080],
]

const waitOf = (more) => ({
  step: 'asking',
  method: 'wechat',
  amount: cart.total,
  since: ago(7_000),
  ...more,
})
const CUSTOMER = [
  ['wait-asking', customerView('wait', { cart, wait: waitOf({}) })],
  [
    'wait-confirm',
    customerView('wait', { cart, wait: waitOf({ step: 'confirm', since: ago(95_000) }) }),
  ],
  [
    'paid-by-code',
    customerView('paid', {
      now: '9999-01-01T00:00:00Z',
      paid: {
        order_id: 'o',
        receipt_number: 'SH001-1-261121-0007',
        completed_at: '9999-01-01T00:00:00Z',
        tendered: [{ kind: 'wechat', amount: cart.total }],
        change: nothing,
        total: cart.total,
        rounding: nothing,
        saved: nothing,
      },
    }),
  ],
]
const CUSTOMER_SIZES = [
  [1024, 600],
  [1366, 768],
  [1920, 1080],
]

async function checkScreens({ browser, page, shot }) {
  for (const [name, view, mode] of OPERATOR)
    await check(`operator ${name}: nothing cut, keys for fingers, axe`, async () => {
      for (const [width, height] of OPERATOR_SIZES) {
        const body = async (fed) => {
          await shot(fed, `rights-operator-${name}-${width}x${height}`)
          await eventually(() => cut(fed), [], `cut at ${width}×${height}`)
          const parts =
            '[data-test=rights] button, .ways button, .side > button, [data-test=post-void]'
          await eventually(() => small(fed, parts), [], `keys at ${width}×${height}`)
          const complaints = fed.complaints
          same(complaints, [], 'complaints')
          if (width === 1366) await axe(fed)
        }
        await withFed(browser, page('operator'), { width, height }, view, body, mode)
      }
    })
  for (const [name, view] of CUSTOMER)
    await check(`customer ${name}: nothing cut, one h1, axe`, async () => {
      for (const [width, height] of CUSTOMER_SIZES)
        await withFed(browser, page('customer'), { width, height }, view, async (fed) => {
          await shot(fed, `rights-customer-${name}-${width}x${height}`)
          await eventually(() => cut(fed), [], `cut at ${width}×${height}`)
          same(await fed.locator('h1').count(), 1, 'h1')
          if (width === 1024) await axe(fed)
        })
    })
}

const SIZE = { width: 1366, height: 768 }

async function checkPaying({ browser, page, shot }) {
  await check(
    'OP-13 an answer that does not come is not known, and nothing closes by itself',
    async () => {
      const old = { ...paying, payments: [payment({ since: ago(95_000) })] }
      const view = operatorView('tender', old)
      const body = async (fed) => {
        const heard = await listen(fed, '**/payments/**', view)
        holds(
          (await textOf(fed, '[data-test=wait] .step')).startsWith('结果未知'),
          'it is said to be known',
        )
        holds(!/失败|未付/.test(await fed.locator('body').textContent()), 'a failure is spoken of')
        await press(fed, 'Enter')
        await eventually(() => heard.length, 1, 'asked')
        same(
          heard[0].slice(0, 2),
          ['POST', `/api/v1/workstations/1/payments/${payment().id}/query`],
          'query',
        )
        await press(fed, 'Escape')
        await eventually(() => fed.locator('dialog').count(), 1, 'leaving asks')
        await shot(fed, 'rights-operator-take-off')
        await axe(fed)
        await press(fed, 'Escape')
        await eventually(() => fed.locator('dialog').count(), 0, 'the question')
        same(heard.length, 1, 'nothing was taken off')
        await press(fed, 'Escape')
        await eventually(() => fed.locator('dialog').count(), 1, 'leaving asks again')
        await press(fed, 'Enter')
        await eventually(() => heard.length, 2, 'taken off')
        same(
          heard[1].slice(0, 2),
          ['POST', `/api/v1/workstations/1/payments/${payment().id}/reversal`],
          'reversal',
        )
        same(await fed.evaluate(() => document.documentElement.dataset.mode), 'wait', 'mode')
      }
      await withFed(browser, page('operator'), SIZE, view, body, 'wait')
    },
  )
}

async function checkRedeeming({ browser, page, shot }) {
  await check(
    'Redeem: F8, type, Enter looks up; offers are chosen by keys, and counted',
    async () => {
      const view = operatorView('sell', rightsOf())
      await withFed(browser, page('operator'), SIZE, view, async (fed) => {
        // The id of what is found is the one under which it was asked about.
        const found = ({ id }) => ({
          ...operatorView('sell', rightsOf({ redemptions: [{ ...several, id }] })),
          revision: 2,
        })
        const heard = await listen(fed, '**/redemptions', found)
        await press(fed, 'F8')
        await eventually(() => fed.evaluate(() => document.activeElement?.id), 'redeem', 'focus')
        await shot(fed, 'rights-operator-redeem-empty')
        await axe(fed)
        await fed.keyboard.type(VOUCHER_CODE, { delay: 60 })
        await press(fed, 'Enter')
        await eventually(() => heard.length, 1, 'looked up')
        same(heard[0][2].code, VOUCHER_CODE, 'code')
        await eventually(() => fed.locator('.offer').count(), 3, 'offers')
        same(await fed.locator('#redeem').inputValue(), '', 'the field')
        await eventually(
          () => fed.evaluate(() => document.activeElement?.className),
          (name) => name.includes('choice'),
          'focus',
        )
        for (const [width, height] of OPERATOR_SIZES) {
          await fed.setViewportSize({ width, height })
          await shot(fed, `rights-operator-redeem-${width}x${height}`)
          await eventually(() => cut(fed), [], `cut at ${width}×${height}`)
          await eventually(() => small(fed, '[data-panel=redeem] .body button'), [], 'keys')
        }
        await axe(fed)
        const chosen = {
          ...operatorView(
            'sell',
            rightsOf({
              redemptions: [
                redemption({
                  ...several,
                  choice: { offer: 1, count: 1 },
                  takes_part: true,
                  amount: cny(5_000),
                }),
              ],
            }),
          ),
          revision: 3,
        }
        const choices = await listen(fed, '**/choice', chosen)
        await press(fed, 'ArrowDown', 'Enter')
        await eventually(() => choices.length, 1, 'chosen')
        same(choices[0][2], { offer: 1, count: 1 }, 'choice')
        await fed.getByRole('button', { name: '多用一张' }).click()
        await eventually(() => choices.length, 2, 'counted')
        same(choices[1][2], { offer: 1, count: 2 }, 'count')
        await shot(fed, 'rights-operator-redeem-chosen')
        await axe(fed)
        await press(fed, 'Escape')
        await eventually(
          () => fed.evaluate(() => document.documentElement.dataset.mode),
          'sell',
          'mode',
        )
      })
    },
  )
  await check(
    "Redeem: a no is told in the daemon's words, and the code stays to be mended",
    async () => {
      const view = operatorView('sell', rightsOf(), { link: away })
      await withFed(browser, page('operator'), SIZE, view, async (fed) => {
        const detail = '现在不能查券。什么都没有用掉，购物车没有变。'
        await fed.route('**/redemptions', (route) =>
          route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            json: {
              type: '/problems/mall-unreachable',
              status: 503,
              title: '连不上总部',
              detail,
              hint: '收现金，或等网络恢复再扫。',
            },
          }),
        )
        await press(fed, 'F8')
        await eventually(() => fed.evaluate(() => document.activeElement?.id), 'redeem', 'focus')
        await fed.keyboard.type(VOUCHER_CODE, { delay: 60 })
        await press(fed, 'Enter')
        const alert = await eventually(
          async () => (await fed.locator('.strip[role=alert]').allTextContents()).join(''),
          (text) => text.includes(detail),
          'strip',
        )
        holds(alert.includes('连不上总部'), alert)
        same(await fed.locator('#redeem').inputValue(), VOUCHER_CODE, 'the field')
        await shot(fed, 'rights-operator-redeem-refused')
        await axe(fed)
      })
    },
  )
}

/** All of it; needs only the pages, no house and no mall. */
export async function checkRights(stage) {
  await checkScreens(stage)
  await checkPaying(stage)
  await checkRedeeming(stage)
}
