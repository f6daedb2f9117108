// Payments by code, vouchers and orders that are undone, on pages that are told what another house says:
// what they show, what they send, and that nothing is cut, covered or beyond a finger.
import {
  axe,
  check,
  cut,
  eventually,
  holds,
  press,
  same,
  scan,
  typeDigits,
  withFed,
} from './harness.mjs'
import {
  MINUTE_MS,
  ago,
  cart,
  cny,
  customerTender,
  customerView,
  listen,
  nothing,
  operatorView,
  rightsOf,
  small,
} from './views.mjs'

/** Eighteen digits of a payment code that nobody has. */
const PAYMENT_CODE = '134567890123456789'
const VOUCHER_CODE = 'ABC123456789'
const LONG = '双人下午茶套餐含两份手作蛋糕与两杯现磨咖啡周末节假日通用券'

const boxOf = (page, selector) => page.locator(selector).first().boundingBox()
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
  [
    'sell-voucher',
    operatorView('sell', rightsOf({ redemptions: [redemption()], left: cny(20_717) })),
    'sell',
  ],
  ['sell-crowded', operatorView('sell', crowded), 'sell'],
  ['sell-last', operatorView('sell', rightsOf(), { last_order: lastOrder() }), 'sell'],
  [
    'sell-undone',
    operatorView('sell', rightsOf(), { last_order: lastOrder({ undone: true }) }),
    'sell',
  ],
  ['tender', operatorView('tender', rightsOf()), 'tender'],
  ['tender-away', operatorView('tender', rightsOf(), { link: away }), 'tender'],
  ['tender-crowded', operatorView('tender', crowded), 'tender'],
  [
    'tender-covered',
    operatorView(
      'tender',
      rightsOf({
        redemptions: [redemption({ amount: cart.total })],
        left: nothing,
        can_charge: false,
      }),
    ),
    'tender',
  ],
  ['wait', operatorView('tender', paying), 'wait'],
  [
    'wait-unknown',
    operatorView('tender', { ...paying, payments: [payment({ since: ago(95_000) })] }),
    'wait',
  ],
  [
    'wait-voucher',
    operatorView(
      'tender',
      rightsOf({
        redemptions: [redemption({ state: 'pending' })],
        left: nothing,
        hold: 'undecided',
        can_charge: false,
      }),
    ),
    'wait',
  ],
  ['done-by-code', operatorView('done', null, { cart: null, last_order: lastOrder() }), 'done'],
  [
    'done-undone',
    operatorView('done', null, { cart: null, last_order: lastOrder({ undone: true }) }),
    'done',
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
  ['tender', customerView('tender', { cart, tender: customerTender(30_717) })],
  ['tender-part', customerView('tender', { cart, tender: customerTender(20_717) })],
  ['wait-asking', customerView('wait', { cart, wait: waitOf({}) })],
  [
    'wait-confirm',
    customerView('wait', { cart, wait: waitOf({ step: 'confirm', since: ago(95_000) }) }),
  ],
  [
    'wait-redeeming',
    customerView('wait', { cart, wait: waitOf({ step: 'redeeming', method: null }) }),
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
          same(await cut(fed), [], `cut at ${width}×${height}`)
          const parts =
            '[data-test=rights] button, .ways button, .side > button, [data-test=post-void]'
          same(await small(fed, parts), [], `keys at ${width}×${height}`)
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
          same(await cut(fed), [], `cut at ${width}×${height}`)
          same(await fed.locator('h1').count(), 1, 'h1')
          if (width === 1024) await axe(fed)
        })
    })
}

const SIZE = { width: 1366, height: 768 }

async function checkPaying({ browser, page, shot }) {
  await check('the primary key and the total stand still while the shopper pays', async () => {
    const view = operatorView('tender', rightsOf())
    await withFed(browser, page('operator'), SIZE, view, async (fed) => {
      const before = await boxOf(fed, '[data-test=complete]')
      const due = await boxOf(fed, '[data-test=due]')
      await fed.say({ ...operatorView('tender', paying), revision: 2 })
      await eventually(
        () => fed.evaluate(() => document.documentElement.dataset.mode),
        'wait',
        'mode',
      )
      same(await boxOf(fed, '[data-test=query]'), before, 'the primary key')
      same((await boxOf(fed, '[data-test=due]')).y, due.y, 'the total')
    })
  })
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
  await check(
    'a part by code: the typed amount is charged, and the code is nowhere on the page',
    async () => {
      const view = operatorView('tender', rightsOf())
      await withFed(browser, page('operator'), SIZE, view, async (fed) => {
        const heard = await listen(fed, '**/payments', view)
        await typeDigits(fed, '100')
        await press(fed, 'F2')
        await eventually(() => fed.locator('#payment-code').count(), 1, 'field')
        same(await textOf(fed, '[data-test=charge]'), '¥100.00', 'what is charged')
        await shot(fed, 'rights-operator-code')
        await axe(fed)
        await scan(fed, PAYMENT_CODE)
        await eventually(() => heard.length, 1, 'charged')
        const { amount, code, cart_revision: revision } = heard[0][2]
        same([amount, code, revision], [cny(10_000), PAYMENT_CODE, cart.revision], 'charge')
        const left = await fed.evaluate(() => document.documentElement.outerHTML)
        holds(!left.includes(PAYMENT_CODE), 'the code is on the page')
        same(await textOf(fed, '[data-test=number-line]'), '', 'number line')
      })
    },
  )
  await check(
    'a payment code scanned in Tender goes out as a scan, and is shown nowhere',
    async () => {
      const view = operatorView('tender', rightsOf())
      await withFed(browser, page('operator'), SIZE, view, async (fed) => {
        const heard = await listen(fed, '**/cart/scans', view)
        await scan(fed, PAYMENT_CODE)
        await eventually(() => heard.length, 1, 'scanned')
        same(heard[0][2].text, PAYMENT_CODE, 'text')
        const left = await fed.evaluate(() => document.documentElement.outerHTML)
        holds(!left.includes(PAYMENT_CODE), 'the code is on the page')
      })
    },
  )
  await check('a cart that vouchers cover is completed with nothing in hand', async () => {
    const covered = rightsOf({
      redemptions: [redemption({ amount: cart.total })],
      left: nothing,
      can_charge: false,
    })
    const view = operatorView('tender', covered)
    await withFed(browser, page('operator'), SIZE, view, async (fed) => {
      const heard = await listen(fed, '**/orders', { order: {}, view })
      await press(fed, 'Enter')
      await eventually(() => heard.length, 1, 'completed')
      same(heard[0][2].tenders, [], 'tenders')
    })
  })
}

async function checkRedeeming({ browser, page, shot }) {
  await check(
    'Redeem: F8, type, Enter looks up; offers are chosen by keys, and counted',
    async () => {
      const view = operatorView('sell', rightsOf())
      await withFed(browser, page('operator'), SIZE, view, async (fed) => {
        const found = { ...operatorView('sell', rightsOf({ redemptions: [several] })), revision: 2 }
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
          same(await cut(fed), [], `cut at ${width}×${height}`)
          same(await small(fed, '[data-panel=redeem] .body button'), [], 'keys')
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
  await check('a voucher that was only looked up comes off without a question', async () => {
    const view = operatorView('sell', rightsOf({ redemptions: [redemption()], left: cny(20_717) }))
    await withFed(browser, page('operator'), SIZE, view, async (fed) => {
      const heard = await listen(fed, '**/redemptions/**', view)
      await fed.locator('[data-test=take-off]').click()
      await eventually(() => heard.length, 1, 'taken off')
      same(
        heard[0].slice(0, 2),
        ['DELETE', `/api/v1/workstations/1/redemptions/${redemption().id}`],
        'request',
      )
    })
  })
}

async function checkUndoing({ browser, page, shot }) {
  await check('an order is undone with a reason, by a manager', async () => {
    const view = operatorView('done', null, { cart: null, last_order: lastOrder() })
    await withFed(browser, page('operator'), SIZE, view, async (fed) => {
      const undone = { ...view, revision: 2, last_order: lastOrder({ undone: true }) }
      const heard = await listen(fed, '**/post-void', { order: {}, view: undone })
      await press(fed, 'Control+Delete')
      await eventually(() => fed.locator('dialog').count(), 1, 'it is asked')
      await press(fed, 'Enter')
      same(heard.length, 0, 'without a reason nothing is undone')
      await fed.getByRole('button', { name: '商品扫错' }).click()
      await shot(fed, 'rights-operator-post-void')
      await axe(fed)
      await fed.locator('#why').focus()
      await press(fed, 'Enter')
      await eventually(() => heard.length, 1, 'undone')
      same(heard[0][2].reason, '商品扫错', 'reason')
      await eventually(() => textOf(fed, '.seal .word'), '作废', 'seal')
      same(await fed.locator('[data-test=post-void]').count(), 0, 'a second undoing')
    })
  })
  await check('a cashier is not offered what only a manager may do', async () => {
    const operator = { number: '1002', name: '王芳', role: 'cashier' }
    const view = operatorView('done', null, { cart: null, last_order: lastOrder(), operator })
    await withFed(browser, page('operator'), SIZE, view, async (fed) => {
      same(await fed.locator('[data-test=post-void]').count(), 0, 'the key')
      await press(fed, 'Control+Delete')
      same(await fed.locator('dialog').count(), 0, 'the sheet')
    })
  })
}

/** All of it; needs only the pages, no house and no mall. */
export async function checkRights(stage) {
  await checkScreens(stage)
  await checkPaying(stage)
  await checkRedeeming(stage)
  await checkUndoing(stage)
}
