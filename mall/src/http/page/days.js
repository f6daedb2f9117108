// The calendar of a store's business dates: what is held of each, what was given back, and which are sealed.

import { $, ask, button, make, redraw, suggest } from './kit.js'
import { knows, moment, monthName, say, yuan } from './words.js'

const NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const KINDS = { sealed: 'good', open: 'soft', differs: 'bad', never: 'wait' }
let store = ''
let month = ''
let days = []
let chosen = null

/** The month before (−1) or after (1): `2026-11`. */
export function monthBeside(of, step) {
  const [year, number] = of.split('-').map(Number)
  const index = year * 12 + number - 1 + step
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`
}

/** The weeks of a month from Monday to Sunday; nothing where a day is another month's. */
export function weeksOf(of) {
  const [year, number] = of.split('-').map(Number)
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate()
  const before = (new Date(Date.UTC(year, number - 1, 1)).getUTCDay() + 6) % 7
  const cells = [...Array(before).fill(null), ...Array.from({ length: last }, (_, at) => `${of}-${String(at + 1).padStart(2, '0')}`)]
  while (cells.length % 7) cells.push(null)
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7))
}

const thisMonth = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7)
const path = (rest) => `/hq/v1/stores/${encodeURIComponent(store)}/days${rest}`

export async function loadDays() {
  await suggest(store)
  if (!store) return drawDays()
  const [of, at] = [store, month]
  const found = await ask(path(`?month=${month}`))
  if (of === store && at === month) days = found
  drawDays()
}
export async function showDays(of = store, at = month || thisMonth()) {
  const before = [store, month]
  ;[store, month] = [of.trim(), at]
  chosen = null
  $('days-store').value = store
  try {
    await loadDays()
  } catch (error) {
    ;[store, month] = before
    throw error
  }
}
export const turnMonth = (step) => showDays(store, monthBeside(month, step))

async function choose(day) {
  chosen = await ask(path(`/${day}`))
  drawDays()
  $('day').scrollIntoView({ block: 'nearest' })
}

function dayCell(day) {
  if (!day) return make('td', { kind: 'none' })
  const one = days.find((known) => known.day === day)
  const number = make('span', { kind: 'number', text: String(Number(day.slice(8))) })
  if (!one) return make('td', { kind: 'none' }, number)
  const state = make('span', { kind: `state ${KINDS[one.state]}`, text: say(`dayState_${one.state}`) })
  const facts = [say('nFacts', one.facts), one.left_out > 0 && say('leftOut', one.left_out), one.openings > 0 && say('reopened', one.openings)]
  const open = button('', () => choose(day), { at: day })
  open.append(number, state,
    make('span', { kind: 'sum', text: yuan(one.taken.amount) }),
    ...(one.given_back.amount !== 0 ? [make('span', { kind: 'code', text: `${say('givenBack')} ${yuan(one.given_back.amount)}` })] : []),
    make('span', { kind: 'code', text: facts.filter(Boolean).join(' · ') }))
  open.setAttribute('aria-pressed', String(chosen?.business_date === day))
  return make('td', { data: { day, state: one.state } }, open)
}
function drawDay() {
  $('day').hidden = !chosen
  if (!chosen) return
  const { business_date: day, n_orders: n, total, cash, tenders, undone, seals, openings } = chosen
  $('day-of').textContent = `${store} · ${day}`
  const row = (label, text) => make('tr', {}, make('th', { scope: 'row', text: label }), make('td', { kind: 'money', text }))
  redraw($('day-sums'), row(say('nOrders'), String(n)), row(say('total'), yuan(total.amount)), row(say('cashSum'), yuan(cash.amount)),
    ...tenders.filter(({ kind }) => kind !== 'cash').map(({ kind, amount }) => row(knows(kind) ? say(kind) : kind, yuan(amount.amount))),
    undone.n_orders > 0 && row(say('undoneSum', undone.n_orders), yuan(-undone.total.amount)))
  redraw($('day-seals'), ...seals.map((seal) => make('li', {},
    make('strong', { kind: seal.sealed_at ? 'good' : seal.agrees ? 'soft' : 'bad', text: say(`dayState_${seal.sealed_at ? 'sealed' : seal.agrees ? 'open' : 'differs'}`) }),
    `  ${say('life', seal.epoch)} · ${say('heldFacts')} ${say('nFacts', seal.facts)}`, seal.left_out > 0 ? ` · ${say('leftOut', seal.left_out)}` : '',
    make('div', { kind: 'soft', text: [seal.sealed_at && say('sealedSince', moment(seal.sealed_at)), say('comparedAt', moment(seal.told_at))].filter(Boolean).join(' · ') }),
    make('div', { kind: 'code', text: seal.edge }))))
  redraw($('day-openings'), ...openings.map((one) => make('li', {}, say(`openedWhy_${one.why}`, moment(one.opened_at)),
    make('span', { kind: 'soft', text: `  ${say('sealedSince', moment(one.sealed_at))}` }), one.fact && make('div', { kind: 'code', text: one.fact }))))
  $('openings-head').hidden = openings.length === 0
}

export function drawDays() {
  $('choose-store').hidden = store !== ''
  $('calendar').hidden = store === ''
  $('month').textContent = store ? monthName(month) : ''
  for (const id of ['earlier', 'later']) $(id).hidden = store === ''
  $('no-days').hidden = store === '' || days.length > 0
  if (store) {
    redraw($('calendar-head'), make('tr', {}, ...NAMES.map((name) => make('th', { scope: 'col', text: say(name) }))))
    redraw($('calendar-rows'), ...weeksOf(month).map((week) => make('tr', {}, ...week.map(dayCell))))
  }
  drawDay()
}
export function closeDay() {
  chosen = null
  drawDays()
}
