// What HQ's page shows of stores, against a real mall with a real store: how far it has told and heard, its days, groups of
// stores, commands and their way; and a list of troubles as stores tell them. Nothing is left behind but what was told.
import { axe, check, cut, eventually, holds, openPage, same } from './harness.mjs'

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
]
const LANGUAGES = ['zh-CN', 'en']
const GROUP = 'e2e-north'

const open = (page, tab) => page.locator(`[data-tab=${tab}]`).click()
const sure = async (page, answer) => {
  await page.locator(`#sure button[value=${answer}]`).click()
  await eventually(() => page.locator('#sure').isVisible(), false, 'the question is gone')
}
const languageOf = (page) => page.evaluate(() => document.documentElement.lang)

async function speak(page, language) {
  if ((await languageOf(page)) !== language) await page.locator('#language').click()
  await eventually(() => languageOf(page), language, 'language')
}

/** Nothing is cut at a desk's and a phone's size, in both languages; axe finds nothing. */
async function fits(page, name, shot) {
  for (const size of SIZES) {
    await page.setViewportSize(size)
    for (const language of LANGUAGES) {
      await speak(page, language)
      await eventually(() => cut(page), [], `cut: ${name} ${size.width} ${language}`)
      await shot(page, `${name}-${size.width}-${language}`)
    }
    await axe(page)
  }
  await speak(page, LANGUAGES[0])
  await page.setViewportSize(SIZES[0])
}

async function enter(browser, mall, token) {
  const page = await openPage(browser, `${mall}/hq/`, SIZES[0])
  await page.fill('#token', token)
  await page.locator('#token').press('Enter')
  await page.waitForSelector('#store-rows tr')
  return page
}

const words = (zh, en) => ({ zh, en })
/** Troubles as a mall tells them, with sentences as long as any. */
const TROUBLES = [
  ['disk-low', 'act', 1, true],
  ['clone', 'act', 1, false],
  ['hole', 'look', 12, true],
  ['flood', '', 3, true],
  ['behind', 'watch', 1204, false],
].map(([trouble, severity, count, isOnline], at) => ({
  store: `SH00${at + 1}`,
  store_name: '上海浦东国际机场二号航站楼到达层便利店（旗舰）',
  is_online: isOnline,
  edge: `019a0000-0000-7000-8000-00000000000${at}`,
  trouble,
  name: words(`名称 ${trouble}`, `Name of ${trouble}`),
  severity,
  since: new Date(Date.now() - 86_400_000 * at - 60_000).toISOString(),
  count,
  told_at: new Date(Date.now() - 60_000).toISOString(),
  what: words(
    '某个营业日门店和总部的记录不一致，没能自动补齐。',
    'Store and HQ hold something else of a business day, and it was not mended by itself.',
  ),
  safe: severity
    ? words(
        '两边的订单都收下并分开保存；被冻结的一台照常销售，但不能动用会员余额和积分。',
        'Orders of both are taken and kept apart; the frozen one sells on, but spends no balance or points.',
      )
    : null,
  to_do: words(
    '问清哪一台是真的，关掉另一台，再用 mall edge keep 指定保留哪一台。',
    'Find out which box is the real one, switch the other off, and say so with mall edge keep.',
  ),
}))
const KINDS = TROUBLES.map(({ trouble, name, severity }) => ({ trouble, name, severity, nodes: 1 }))

/** Answers for the list of troubles in the mall's place. */
async function feed(page) {
  await page.route('**/hq/v1/troubles?*', (route) => {
    const kind = new URL(route.request().url()).searchParams.get('kind')
    const troubles = TROUBLES.filter((one) => !kind || one.trouble === kind)
    return route.fulfill({ json: { troubles, kinds: KINDS, next: null } })
  })
}

export async function checkHqStores({ browser, mall, token, reader, till, shot }) {
  const ask = async (path) => {
    const answer = await fetch(`${mall}${path}`, { headers: { authorization: `Bearer ${token}` } })
    holds(answer.ok, `${path} says ${answer.status}`)
    return answer.json()
  }
  const page = await enter(browser, mall, token)
  const { store, business_date: today } = await till.view()
  const rowOf = (code) => page.locator(`#store-rows tr[data-store="${code}"]`)

  await check('hq stores: how far a store has told and heard is what the mall holds', async () => {
    const row = await eventually(
      () => rowOf(store.code).innerText(),
      (text) => text.includes('在线') && /商品：/.test(text) && text.includes('待传'),
      'the store says how far it is',
    )
    const { stores } = await ask(`/hq/v1/states?query=${store.code}`)
    const [{ epoch }] = stores[0].nodes
    holds(row.includes(`第 ${epoch} 生`) && row.includes(stores[0].program), row)
    await page.fill('#store-query', 'nothing is called so')
    await page.locator('#store-query').press('Enter')
    await eventually(() => page.locator('#none-found').isVisible(), true, 'nothing is found')
    await page.fill('#store-query', store.code)
    await page.locator('#store-query').press('Enter')
    await eventually(() => page.locator('#store-rows tr').count(), 1, 'rows')
    await fits(page, 'hq-states', shot)
  })

  await check(
    'hq troubles: a list as stores tell it, by kind, and none where none is',
    async () => {
      await rowOf(store.code).getByRole('button', { name: '异常' }).click()
      await eventually(() => page.locator('#troubles').isVisible(), true, 'the list')
      const about = page.locator('#trouble-store')
      await eventually(() => about.inputValue(), store.code, 'the store it is about')
      await eventually(() => page.locator('#cases').isVisible(), true, 'what is to be looked at')
      await page.locator('#all-troubles').click()
      const { troubles } = await ask('/hq/v1/troubles')
      await eventually(
        () => page.locator('#trouble-rows > li').count(),
        troubles.length,
        'troubles',
      )
      same(await page.locator('#no-troubles').isVisible(), troubles.length === 0, 'it says none')
      await feed(page)
      await open(page, 'troubles')
      await eventually(
        () => page.locator('#trouble-rows > li').count(),
        TROUBLES.length,
        'troubles',
      )
      await fits(page, 'hq-troubles', shot)
      const chip = page.locator('#trouble-kinds button', { hasText: '名称 hole' })
      await chip.focus()
      await page.keyboard.press('Enter')
      await eventually(() => page.locator('#trouble-rows > li').count(), 1, 'of one kind')
      same(await chip.getAttribute('aria-pressed'), 'true', 'the kind that is chosen')
      holds(
        await chip.evaluate((one) => document.activeElement?.dataset.at === one.dataset.at),
        'drawn anew, the list lost the focus',
      )
      await page.unroute('**/hq/v1/troubles?*')
      await page.locator('#trouble-rows button.link').first().click()
      await eventually(() => page.locator('#stores').isVisible(), true, 'the link to the store')
      await page.locator('#store-query').fill('')
      await page.locator('#store-query').press('Enter')
      await rowOf(store.code).waitFor()
    },
  )

  await check('hq days: a month with what is held of each day, and one day whole', async () => {
    await rowOf(store.code).getByRole('button', { name: '每日' }).click()
    const cell = page.locator(`#calendar-rows [data-day="${today}"]`)
    await cell.waitFor()
    const days = await ask(`/hq/v1/stores/${store.code}/days?month=${today.slice(0, 7)}`)
    const day = days.find((one) => one.day === today)
    holds(day.facts > 0 && (await cell.innerText()).includes(`${day.facts} 条`), 'facts of today')
    await cell.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await eventually(() => page.locator('#day').isVisible(), true, 'the day')
    const { n_orders: orders } = await ask(`/hq/v1/stores/${store.code}/days/${today}`)
    const first = await page.locator('#day-sums td').first().innerText()
    holds(Number(first) <= orders && Number(first) > 0, `orders of the day: ${first}`)
    await fits(page, 'hq-days', shot)
    await page.locator('#earlier').click()
    await eventually(() => page.locator('#day').isVisible(), false, 'the day is closed')
    await page.locator('#later').click()
    await cell.waitFor()
  })

  await check('hq groups: one is made, a store put in, and nobody is asked twice', async () => {
    await open(page, 'groups')
    await page.locator('#add-group').click()
    await page.fill('#group-key', GROUP)
    await page.fill('#group-name', '北区')
    await page.fill('#member-code', 'NOWHERE')
    await page.locator('#member-code').press('Enter')
    await eventually(() => page.locator('#wrong').isVisible(), true, 'no such store')
    await page.fill('#member-code', store.code)
    await page.locator('#member-code').press('Enter')
    await eventually(() => page.locator('#group-members li').count(), 1, 'members')
    await open(page, 'stores')
    await sure(page, 'no')
    holds(await page.locator('#group-form').isVisible(), 'it left what was written')
    await page.locator('#group-form button.main').click()
    await sure(page, 'yes')
    await eventually(() => page.locator('#done').isVisible(), true, 'it is saved')
    const group = await ask(`/hq/v1/groups/${GROUP}`)
    same([group.name, group.stores], ['北区', [store.code]], 'the group')
    holds((await page.locator('#group-by').innerText()).includes(group.changed_by), 'who did it')
    await fits(page, 'hq-groups', shot)
  })

  await check('hq commands: one to a group goes its way to the end, by keyboard', async () => {
    await open(page, 'commands')
    await eventually(() => page.locator('#to-group').isEnabled(), true, 'there is a group')
    await page.locator('#to-group').focus()
    await page.keyboard.press('Space')
    await page.locator('#command-group').selectOption(GROUP)
    await page.locator('#command').selectOption('report-state')
    await page.locator('#command-form button.main').focus()
    await page.keyboard.press('Enter')
    await page.locator('#sure button[value=yes]').focus()
    await page.keyboard.press('Enter')
    await eventually(() => page.locator('#done').isVisible(), true, 'it is given')
    const row = page.locator(`#command-rows tr[data-store="${store.code}"]`).first()
    await eventually(() => row.getAttribute('data-state'), 'done', 'the command', 20_000)
    const text = await row.innerText()
    holds(text.includes(GROUP) && text.includes('取走') && text.includes('回报'), text)
    await row.locator('summary').click()
    holds((await row.locator('pre').innerText()).includes('"program"'), "the store's answer")
    await fits(page, 'hq-commands', shot)
  })

  await check('hq groups: ended, its stores are in it no more', async () => {
    await open(page, 'groups')
    await page.locator('#group-rows button', { hasText: GROUP }).click()
    await page.locator('#end-group').click()
    await sure(page, 'yes')
    await eventually(() => page.locator('#group-rows li', { hasText: GROUP }).count(), 0, 'it')
    same([page.foreign, page.complaints], [[], []], 'foreign requests and complaints')
  })
  await page.context().close()

  await check('hq: whoever may only read sees no button that would be refused', async () => {
    const other = await enter(browser, mall, reader)
    holds((await other.locator('#holder').innerText()).includes('只读'), 'it does not say so')
    for (const [tab, absent] of [
      ['commands', '#command-form'],
      ['groups', '#add-group'],
      ['settings', '#changes'],
      ['rules', '#add-rule'],
    ]) {
      await open(other, tab)
      await eventually(() => other.locator(`#${tab}`).isVisible(), true, tab)
      same(await other.locator(absent).isVisible(), false, `${absent} is there`)
    }
    const status = await other.evaluate(async (code) => {
      const headers = { authorization: `Bearer ${sessionStorage.getItem('token')}` }
      const body = JSON.stringify({ command: 'restart' })
      const path = `/hq/v1/stores/${code}/commands`
      return (await fetch(path, { method: 'POST', headers, body })).status
    }, store.code)
    same(status, 403, 'the refusal')
    same([other.foreign, other.complaints], [[], []], 'foreign requests and complaints')
    await other.context().close()
  })
}
