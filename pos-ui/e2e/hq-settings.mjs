// HQ's page of the mall in a real browser: a token in, a promotion checked, tried and put in force, a setting saved, and
// the till that asks for another amount because of both. Nothing is left behind.
import { axe, check, cut, eventually, holds, openPage, press, same, scan } from './harness.mjs'
import { clearCounter, money, signIn } from './till.mjs'

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
]
const LANGUAGES = ['zh-CN', 'en']
/** Fen that the new promotion takes off: no whole jiao, so that cash is rounded. */
const OFF = 33
const YUAN = 100
const ROUNDING = 'tender.cash_rounding'
const PRINTING = 'receipt.print_within_minutes'

const cny = (amount) => ({ amount, currency: 'CNY' })
/** What the page writes for fen, without a sign of the currency. */
const yuan = (fen) => (fen / YUAN).toFixed(2)
/** What a person reads of a part of the page; nothing while it is hidden. */
const read = async (page, part) =>
  (await page.locator(`${part}:visible`).allInnerTexts()).join('\n').trim()

const languageOf = (page) => page.evaluate(() => document.documentElement.lang)
async function speak(page, language) {
  if ((await languageOf(page)) !== language) await page.locator('#language').click()
  await eventually(() => languageOf(page), language, 'language')
}

/** Nothing is cut and axe finds nothing, in both languages. */
async function fits(page, name, shot) {
  for (const language of LANGUAGES) {
    await speak(page, language)
    await eventually(() => cut(page), [], `cut: ${name} ${language}`)
    await shot(page, `${name}-${language}`)
    await axe(page)
  }
  await speak(page, LANGUAGES[0])
}

async function enter(page, token) {
  await page.waitForSelector('#token')
  await page.locator('#token').fill(token)
  await page.locator('#token').press('Enter')
}

const open = (page, tab) => page.locator(`[data-tab=${tab}]`).click()
const sure = async (page, answer) => {
  await page.locator(`#sure button[value=${answer}]`).click()
  await eventually(() => page.locator('#sure').isVisible(), false, 'the question is gone')
}
const field = (page, key) => page.locator(`[data-key="${key}"]`)
/** Its box is drawn anew when it is touched, so that nothing is read off it afterwards. */
const touch = (page, key) => field(page, key).getByRole('checkbox').click()

/** A token in, one promotion and one setting, and what the till makes of them. */
export async function checkHqSettings({
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
  const ask = async (path, more = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${mall}${path}`, {
      ...more,
      headers: { ...headers, ...more.headers },
    })
    holds(answer.ok, `${path} says ${answer.status}`)
    return answer.json()
  }
  const page = await openPage(browser, `${mall}/hq/`, SIZES[0])
  /** Where the till's cart stood before anything was changed, and what HQ changes of it. */
  let goods
  let rule

  await check('hq: without a token nothing is shown, and a wrong one is refused; axe', async () => {
    await page.waitForSelector('#token')
    await fits(page, 'hq-sign-in', shot)
    await enter(page, 'nobody-has-this-one')
    await eventually(() => read(page, '#wrong'), '令牌无效或已停用，请重新进入。', 'the refusal')
    same(await page.locator('#tabs').isVisible(), false, 'the tabs are there')
    await fits(page, 'hq-refused', shot)
  })

  await check('hq: every store, and whether it is there', async () => {
    await enter(page, token)
    await page.waitForSelector('#store-rows tr')
    same(await page.locator('#token').inputValue(), '', 'the token is left in its field')
    const standings = await ask('/hq/v1/standings')
    const { store } = await till.view()
    same(await page.locator('#store-rows tr').count(), standings.length, 'stores')
    const row = await page.locator('#store-rows tr', { hasText: store.code }).innerText()
    holds(row.includes(store.name) && row.includes('在线'), row)
    await fits(page, 'hq-stores', shot)
  })

  await check('hq: a promotion is checked and tried before it is in force', async () => {
    await signIn(till, operator, pin)
    await scan(till.page, codes[3])
    const { cart } = await eventually(till.view, (view) => view.cart.lines.length === 1, 'a line')
    goods = { sku: cart.lines[0].sku, total: cart.total.amount }
    const steps = (off) => [{ reward: { units: { off } } }]
    rule = {
      id: 'hq-odd',
      name: '立减三角三分',
      goods: { any: [{ sku: goods.sku }] },
      steps: steps(OFF),
    }
    await open(page, 'rules')
    await page.waitForSelector('#rule-rows button')
    await page.locator('#add-rule').click()
    await page.locator('#rule').fill('{ "id": ')
    await page.locator('#check-rule').click()
    await eventually(
      () => read(page, '#wrong'),
      (text) => text.includes('JSON'),
      'the refusal',
    )
    await page.locator('#rule').fill(JSON.stringify({ ...rule, steps: steps(-OFF) }, null, 2))
    await page.locator('#check-rule').click()
    await eventually(
      async () => `${await read(page, '#findings')}${await read(page, '#wrong')}`,
      (text) => text.includes('错误') || text.includes('units'),
      'what is wrong with it',
    )
    await shot(page, 'hq-rule-fault')
    await page.locator('#rule').fill(JSON.stringify(rule, null, 2))
    await page.locator('#check-rule').click()
    await page.waitForSelector('#findings li')
    await eventually(() => page.locator('#findings .bad').count(), 0, 'faults')
    await page.locator('#cart').fill(`${goods.sku} 1`)
    const { store } = await till.view()
    await page.locator('#cart-store').selectOption(store.code)
    await page.locator('#cart-form button').click()
    await page.waitForSelector('#quote table')
    const total = await page.locator('#quote tr').last().locator('.money').last().innerText()
    same(total, yuan(goods.total - OFF), 'the total of the cart that was tried')
    holds((await read(page, '#quote')).includes(rule.name), 'it does not say why')
    await fits(page, 'hq-rule', shot)
    same((await till.view()).cart.total.amount, goods.total, 'trying changed the till')
  })

  await check('hq: the promotion is put in force, and the till takes it off', async () => {
    await page.locator('#rule-note').fill('试一试')
    await page.locator('#save-rule').click()
    await page.waitForSelector('#sure[open]')
    await axe(page)
    await shot(page, 'hq-sure')
    await sure(page, 'no')
    same(
      (await ask('/hq/v1/rules')).set.rules.some(({ id }) => id === rule.id),
      false,
      'saved',
    )
    await page.locator('#save-rule').click()
    await sure(page, 'yes')
    await eventually(
      () => read(page, '#done'),
      (text) => text.includes('已生效'),
      'it was saved',
    )
    await eventually(till.due, money(cny(goods.total - OFF)), 'due at the till')
    await shot(page, 'hq-rule-saved')
  })

  await check('hq: cash rounding that is set for a store is what its till asks for', async () => {
    await press(till.page, 'Space')
    await eventually(till.mode, 'tender', 'mode')
    const { store, tender } = await till.view()
    const before = tender.cash.due
    const up = cny(Math.ceil((goods.total - OFF) / YUAN) * YUAN)
    holds(before.amount !== up.amount, 'nothing would change')
    await eventually(till.due, money(before), 'due at the till')
    await open(page, 'stores')
    await page
      .locator('#store-rows tr', { hasText: store.code })
      .getByRole('button', { name: '设置' })
      .click()
    await field(page, ROUNDING).waitFor()
    await fits(page, 'hq-settings', shot)
    await touch(page, ROUNDING)
    await field(page, ROUNDING).getByRole('combobox').selectOption({ label: '逢角进元' })
    same(await page.locator('#change-rows li').count(), 1, 'changes')
    await page.locator('#note').fill('收银台没有零钱')
    await fits(page, 'hq-settings-changed', shot)
    await page.locator('#save').click()
    await sure(page, 'yes')
    await eventually(
      () => read(page, '#done'),
      (text) => text.includes('已保存'),
      'it was saved',
    )
    await eventually(till.due, money(up), 'due at the till')
    await eventually(display.due, money(up), "due on the customer's screen")
    const { revision } = await ask(`/hq/v1/stores/${store.code}/settings`)
    const is = (text) => text.includes('已采用') && text.includes(`${revision} / ${revision}`)
    await eventually(() => read(page, '#standing'), is, 'HQ sees that it is applied')
    holds((await read(page, '#history')).includes('收银台没有零钱'), 'nobody knows why')
    await fits(page, 'hq-settings-applied', shot)
  })

  await check(
    'hq: a page that is loaded anew is still signed in and shows what is set',
    async () => {
      await page.reload()
      await page.waitForSelector('#store-rows tr')
      const { store } = await till.view()
      await page
        .locator('#store-rows tr', { hasText: store.code })
        .getByRole('button', { name: '设置' })
        .click()
      const chosen = field(page, ROUNDING).getByRole('combobox').locator('option:checked')
      await eventually(() => chosen.innerText(), '逢角进元', 'the rounding')
    },
  )

  await check(
    'hq: nobody saves over somebody else, or loses by one click what they wrote',
    async () => {
      const { store } = await till.view()
      const path = `/hq/v1/stores/${store.code}/settings`
      await touch(page, PRINTING)
      const { settings } = await ask(path)
      const body = JSON.stringify({ settings: { ...settings, notices: { behind_minutes: 20 } } })
      await ask(path, { method: 'PUT', body, headers: { 'if-match': '*' } })
      await page.locator('#save').click()
      await sure(page, 'yes')
      await eventually(
        () => read(page, '#wrong'),
        (text) => text !== '',
        'the refusal',
      )
      same(await field(page, PRINTING).getByRole('checkbox').isChecked(), true, 'what was written')
      await shot(page, 'hq-settings-overtaken')
      await axe(page)
      await open(page, 'stores')
      await sure(page, 'no')
      holds(await page.locator('#settings').isVisible(), 'it left all the same')
      await open(page, 'stores')
      await sure(page, 'yes')
      await page.waitForSelector('#store-rows tr')
    },
  )

  await check('hq: the mall gone, the page says so; back, and it says so no more', async () => {
    await page.route('**/hq/v1/**', (route) => route.abort())
    await open(page, 'stores')
    await eventually(
      () => read(page, '#wrong'),
      (text) => text.includes('没有应答'),
      'the silence',
    )
    await page.unroute('**/hq/v1/**')
    await eventually(() => read(page, '#wrong'), '', 'the silence is over')
  })

  await check(
    'hq: what was set and put in force is taken back, and the till is as it was',
    async () => {
      const { store } = await till.view()
      await page
        .locator('#store-rows tr', { hasText: store.code })
        .getByRole('button', { name: '设置' })
        .click()
      await field(page, ROUNDING).waitFor()
      for (const key of [ROUNDING, 'notices.behind_minutes']) await touch(page, key)
      await page.locator('#save').click()
      await sure(page, 'yes')
      await eventually(
        () => read(page, '#done'),
        (text) => text.includes('已保存'),
        'it was saved',
      )
      await open(page, 'rules')
      await page.locator('#rule-rows button', { hasText: rule.id }).click()
      await page.locator('#remove-rule').click()
      await sure(page, 'yes')
      await eventually(() => page.getByText(rule.id).count(), 0, 'the promotion')
      await press(till.page, 'Escape')
      await eventually(till.mode, 'sell', 'mode')
      await eventually(till.due, money(cny(goods.total)), 'due at the till')
      const { settings } = await ask(`/hq/v1/stores/${store.code}/settings`)
      same(Object.values(settings).flatMap(Object.keys), [], 'what is set for the store')
      await clearCounter(till)
    },
  )

  await check('hq: signed out, nothing that HQ knows is left in the page', async () => {
    const { store } = await till.view()
    await page.locator('#leave').click()
    await page.waitForSelector('#sign-in:not([hidden])')
    const left = await page.evaluate(() => {
      const written = Array.from(document.querySelectorAll('input, textarea'), (one) => one.value)
      return [document.body.innerText, document.body.textContent, ...written].join('\n')
    })
    for (const word of [store.code, store.name, goods.sku, rule.id])
      holds(!left.includes(word), `${word} is left`)
    same([page.foreign, page.complaints], [[], []], 'foreign requests and complaints')
  })

  await check('hq: a token that is taken back ends the page, which says why', async () => {
    const { store } = await till.view()
    await enter(page, token)
    await page.waitForSelector('#store-rows tr')
    await page.route('**/hq/v1/**', (route) => route.fulfill({ status: 401, json: {} }))
    await open(page, 'settings')
    await eventually(
      () => read(page, '#wrong').catch(() => 'it is loaded anew'),
      '令牌无效或已停用，请重新进入。',
      'the refusal',
    )
    await page.waitForSelector('#sign-in:not([hidden])')
    holds(
      !(await page.evaluate(() => document.body.textContent)).includes(store.name),
      'it is left',
    )
  })
  await page.context().close()

  await check('hq: every page on a phone, both languages, axe', async () => {
    const small = await openPage(browser, `${mall}/hq/`, SIZES[1])
    await fits(small, 'hq-sign-in-390', shot)
    await enter(small, token)
    await small.waitForSelector('#store-rows tr')
    await fits(small, 'hq-stores-390', shot)
    await open(small, 'settings')
    await field(small, ROUNDING).waitFor()
    await touch(small, ROUNDING)
    await fits(small, 'hq-settings-390', shot)
    await open(small, 'rules')
    await sure(small, 'yes')
    await small.waitForSelector('#rule-rows button')
    await small.locator('#rule-rows button').first().click()
    await fits(small, 'hq-rules-390', shot)
    same([small.foreign, small.complaints], [[], []], 'foreign requests and complaints')
    await small.context().close()
  })
}
