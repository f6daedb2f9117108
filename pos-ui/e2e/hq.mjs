// HQ's page, served by the mall: a member is found by number, masked, and topped up once, by whoever may.
import { axe, check, eventually, holds, openPage, same } from './harness.mjs'

const mall = (process.env.MALL_URL ?? '').replace(/\/$/, '')
const { KEEPER: keeper, READER: reader, MEMBER: phone } = process.env

/** Opens the page and enters with a token. */
async function enter(browser, token) {
  const page = await openPage(browser, `${mall}/hq/`, { width: 1280, height: 800 })
  await page.fill('#token', token)
  await page.click('#token-form button')
  await page.click('[data-tab=members]')
  return page
}

async function find(page, number) {
  await page.fill('#phone', number)
  await page.click('#find-form button')
}

const balance = async (page) => {
  const text = await page.locator('#member-rows strong').first().textContent()
  return Number(text.replace(/\D/g, ''))
}

/** Writes a wish down and confirms it. */
async function adjust(page, amount, reason) {
  await page.fill('#amount', amount)
  await page.fill('#adjust-note', reason)
  await page.click('#adjust-form button')
  await page.click('#sure button[value=yes]')
}

const told = (page, which) =>
  eventually(() => page.locator(which).isVisible(), true, `${which} is shown`)

export async function checkHq({ browser, shot }) {
  if (!mall || !keeper || !reader || !phone) return
  const page = await enter(browser, keeper)
  await check('hq: a member is found by number and shown masked, axe', async () => {
    await find(page, '13900000000')
    await told(page, '#no-member')
    await find(page, phone)
    await told(page, '#member')
    const text = await page.locator('#member').textContent()
    holds(text.includes(`${phone.slice(0, 3)}****${phone.slice(-4)}`), text)
    holds(!(await page.content()).includes(phone), 'the whole number stands on the page')
    await shot(page, 'hq-member')
    await axe(page)
  })
  await check('hq: a top-up counts once, also when its answer was lost', async () => {
    const before = await balance(page)
    // The first answer is lost on its way back; what was asked for arrived.
    let n = 0
    await page.route('**/adjustments', async (route) => {
      n += 1
      if (n > 1) return route.continue()
      await route.fetch()
      return route.abort()
    })
    await adjust(page, '99.50', '充值')
    await told(page, '#wrong')
    same(await balance(page), before, 'the balance before anybody knows')
    await page.click('#adjust-form button')
    await page.click('#sure button[value=yes]')
    await told(page, '#done')
    same([n, await balance(page)], [2, before + 9_950], 'asked twice, entered once')
    holds((await page.locator('#entries li').first().textContent()).includes('99.50'), 'the entry')
    await adjust(page, '-0.50', '更正')
    await eventually(() => balance(page), before + 9_900, 'the balance after it was put right')
  })
  await check('hq: what is no amount is asked of nobody', async () => {
    const before = await balance(page)
    await page.fill('#amount', '1.234')
    await page.fill('#adjust-note', '充值')
    await page.click('#adjust-form button')
    await told(page, '#wrong')
    same([await page.locator('#sure').isVisible(), await balance(page)], [false, before], 'asked')
  })
  await check('hq: whoever signs out leaves nobody on the page', async () => {
    await page.click('#leave')
    same(await page.locator('#member-rows tr').count(), 0, 'rows')
    same([page.foreign, page.complaints], [[], []], 'foreign requests and complaints')
  })
  await check('hq: a token that only reads shows a member and gives nothing', async () => {
    const other = await enter(browser, reader)
    await find(other, phone)
    await told(other, '#member')
    same(await other.locator('#adjust-form').isVisible(), false, 'the form to give something')
    // Whoever asks without the page is refused all the same.
    const before = await balance(other)
    const answer = await other.evaluate(async (number) => {
      const headers = {
        authorization: `Bearer ${sessionStorage.getItem('token')}`,
        'content-type': 'application/json',
      }
      const post = (path, body) =>
        fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
      const { id } = await (await post('/hq/v1/members/search', { phone: number })).json()
      const wish = { id: crypto.randomUUID(), purse: 'balance', amount: 5, reason: '充值' }
      const refused = await post(`/hq/v1/members/${id}/adjustments`, wish)
      return [refused.status, (await refused.json()).hint]
    }, phone)
    same(answer, [403, 'mall staff add NAME --may-manage-members'], 'the refusal')
    await find(other, phone)
    await told(other, '#member')
    same(await balance(other), before, 'balance')
    await other.context().close()
  })
  await page.context().close()
}
