// Troubles of all stores in one list, the most pressing first, and what a person should look at in one store.

import { $, ask, button, listed, make, redraw, suggest } from './kit.js'
import { clock, knows, lasting, moment, say, sentence } from './words.js'

const SEVERITIES = { act: 'bad', look: 'wait', watch: 'soft' }
let kind = ''
let store = ''
let cases = []
/** Where the name of a store leads; the page says it. */
export const ways = {}

const troubles = listed(
  () => `/hq/v1/troubles?limit=50${kind && `&kind=${encodeURIComponent(kind)}`}${store && `&store=${encodeURIComponent(store)}`}`,
  (answer) => answer.troubles,
)

async function loadCases() {
  cases = store ? await ask(`/hq/v1/stores/${encodeURIComponent(store)}/troubles`) : []
}
export async function loadTroubles() {
  if (!(await troubles.load())) return
  await loadCases()
  drawTroubles()
}
export async function showTroubles(of = store, which = kind) {
  // What was chosen stands only once the mall knows it.
  const before = [store, kind]
  store = of.trim()
  kind = which
  try {
    if (!(await troubles.begin())) return
    await loadCases()
  } catch (error) {
    ;[store, kind] = before
    throw error
  }
  $('trouble-store').value = store
  await suggest(store)
  drawTroubles()
}
export async function moreTroubles() {
  if (await troubles.more()) drawTroubles()
}

function row(one) {
  const severity = make('span', { kind: `badge ${SEVERITIES[one.severity] ?? 'wait'}`, text: say(one.severity || 'unclear') })
  const part = (label, both) => both && [make('dt', { text: say(label) }), make('dd', { text: sentence(both) })]
  const link = button(`${one.store_name} ${one.store}`, () => ways.store(one.store), { kind: 'link', at: `${one.edge} ${one.trouble}` })
  return make('li', { kind: 'trouble', data: { trouble: one.trouble, severity: one.severity } },
    make('div', {},
      make('h3', {}, severity, ` ${sentence(one.name)}`),
      make('p', {}, link),
      store === '' && button(say('cases'), () => showTroubles(one.store, ''), { kind: 'link soft', at: `cases ${one.edge} ${one.trouble}` }),
      make('p', { kind: 'soft', text: `${say('lasts', lasting(one.since))} · ${moment(one.since)}` }),
      one.count > 1 && make('p', { kind: 'soft', text: say('times', one.count) })),
    make('div', {},
      make('dl', {}, ...[part('what', one.what), part('safe', one.safe), part('toDo', one.to_do)].flat().filter(Boolean)),
      !one.is_online && make('p', { kind: 'wait', text: say('saidBefore', moment(one.told_at)) })))
}

function chip(word, text) {
  const one = button(text, () => showTroubles(undefined, word), { at: `kind ${word}` })
  one.setAttribute('aria-pressed', String(word === kind))
  return one
}

export function drawTroubles() {
  const { rows, whole, next } = troubles
  const kinds = whole?.kinds ?? []
  const all = kinds.reduce((sum, one) => sum + one.nodes, 0)
  $('troubles-at').textContent = say('asOf', clock())
  redraw($('trouble-kinds'), chip('', `${say('allKinds')} ${all}`), ...kinds.map((one) => chip(one.trouble, `${sentence(one.name)} ${one.nodes}`)))
  $('all-troubles').hidden = store === ''
  $('no-troubles').textContent = say(store || kind ? 'noTroubleHere' : 'noTroubles')
  $('no-troubles').hidden = !whole || rows.length > 0
  redraw($('trouble-rows'), ...rows.map(row))
  $('more-troubles').hidden = next === null
  $('cases').hidden = store === ''
  $('cases-of').textContent = say('casesOf', store)
  $('no-cases').hidden = cases.length > 0
  redraw($('case-rows'), ...cases.map((one) => make('li', {},
    make('strong', { text: knows(one.what) ? say(one.what) : one.what }), make('span', { kind: 'soft', text: `  ${moment(one.received_at)}` }),
    make('div', { text: one.reason }), make('div', { kind: 'code', text: one.id }))))
}
