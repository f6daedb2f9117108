// Members: found by number, masked, topped up once.

import { $, ask, done, make, quiet, sure } from './kit.js'
import { say, time, yuan } from './words.js'

let member = null
/** What was asked for and not answered yet: asked again it has the same id, so it counts once. */
let asked = null

/** An id that nobody else makes; `randomUUID` is not there where the page comes without TLS. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

const worth = (purse, amount) => (purse === 'balance' ? say('ofBalance', yuan(amount)) : say('ofPoints', amount))

/** Points, or fen of what is written in yuan. */
function wanted(purse, text) {
  const [, minus, whole, part = ''] = /^([-−]?)(\d{1,8})(?:\.(\d{1,2}))?$/.exec(text.trim()) ?? []
  if (whole === undefined || (purse === 'points' && part)) throw new Error(say(purse === 'points' ? 'badPoints' : 'badYuan'))
  const amount = purse === 'points' ? Number(whole) : Number(whole) * 100 + Number(part.padEnd(2, '0'))
  return minus ? -amount : amount
}

export function forgetMember() {
  member = null
  asked = null
  for (const id of ['phone', 'amount', 'adjust-note']) $(id).value = ''
  $('no-member').hidden = true
  drawMember()
}

export async function findMember() {
  quiet()
  const phone = $('phone').value.trim()
  forgetMember()
  try {
    member = await ask('/hq/v1/members/search', { method: 'POST', body: { phone } })
  } catch (error) {
    if (error.problem?.status !== 404) throw error
    $('no-member').hidden = false
  }
  drawMember()
}

export function drawMember() {
  const chosen = $('purse').value || 'balance'
  $('purse').replaceChildren(...['balance', 'points'].map((value) => make('option', { value, text: say(value) })))
  $('purse').value = chosen
  $('member').hidden = !member
  const row = (label, ...children) => make('tr', {}, make('th', { scope: 'row', text: label }), make('td', {}, ...children))
  const { name, phone, tier, joined_on: joined, crowds = [], stores = [], entries = [] } = member ?? {}
  $('member-name').textContent = member ? `${name}  ${phone}` : ''
  $('member-rows').replaceChildren(...(member ? [
    row(say('balance'), make('strong', { text: worth('balance', member.balance_minor) })),
    row(say('points'), make('strong', { text: worth('points', member.points) })),
    ...(tier ? [row(say('tier'), tier)] : []),
    ...(joined ? [row(say('joined'), joined)] : []),
    ...(crowds.length ? [row(say('crowds'), crowds.join('、'))] : []),
    ...(member.is_staff ? [row(say('staffMember'), say('flagYes'))] : []),
    ...stores.map((known) => row(say('lentTo', known.store), `${worth('balance', known.balance_open_minor)}，${worth('points', known.points_open)}`)),
  ] : []))
  $('entries').replaceChildren(...entries.map((entry) => make('li', {},
    make('strong', { text: `${entry.amount > 0 ? '+' : ''}${worth(entry.purse, entry.amount)}` }), `  ${say(entry.kind)}  `,
    make('span', { kind: 'soft', text: say('by', [entry.store, entry.operator].filter(Boolean).join(' '), time(entry.at)) }),
    entry.reason && make('div', { text: entry.reason }))))
  $('no-entries').hidden = entries.length > 0
}

export async function adjustMember() {
  quiet()
  const [purse, reason] = [$('purse').value, $('adjust-note').value.trim()]
  const amount = wanted(purse, $('amount').value)
  const wish = { of: member.id, purse, amount, reason }
  if (JSON.stringify({ ...asked, id: null }) !== JSON.stringify({ ...wish, id: null })) asked = { ...wish, id: newId() }
  if (!(await sure(say(amount < 0 ? 'sureTake' : 'sureGive', member.name, say(purse), worth(purse, Math.abs(amount)))))) return
  try {
    const body = { id: asked.id, purse, amount, reason }
    member = await ask(`/hq/v1/members/${member.id}/adjustments`, { method: 'POST', body })
  } catch (error) {
    // Only a no says that it is not entered; after anything else it may be, unless the page was left.
    const { status } = error.problem ?? {}
    const isNo = status >= 400 && status < 500
    if (isNo || !asked) {
      asked = null
      throw error
    }
    throw new Error(say('unsure'))
  }
  asked = null
  for (const id of ['amount', 'adjust-note']) $(id).value = ''
  drawMember()
  done(say('entered'))
}

