// Stores: whether they are there, how far they have told and heard, and what is wrong.

import { $, ask, button, cell, listed, make, redraw } from './kit.js'
import { clock, date, lasting, moment, say, sentence } from './words.js'

const ONLY = ['', 'away', 'troubled']
let only = ''
/** Where the buttons of a row lead; the page says it. */
export const ways = {}

const states = listed(
  () => `/hq/v1/states?limit=50&only=${only}&query=${encodeURIComponent($('store-query').value.trim())}`,
  (answer) => answer.stores,
)

export async function loadStores() {
  if (await states.load()) drawStores()
}
export async function showStores(query = $('store-query').value, which = only) {
  $('store-query').value = query
  only = which
  if (await states.begin()) drawStores()
}
export async function moreStores() {
  if (await states.more()) drawStores()
}

const STATE_KINDS = { applied: 'good', refused: 'bad', 'rolled-back': 'bad', waiting: 'wait', 'on-trial': 'wait', none: 'soft' }

export function standingText(of) {
  const parts = [make('span', { kind: STATE_KINDS[of.state], text: say(of.state) })]
  if (of.desired > 0) parts.push(make('span', { kind: 'code', text: ` ${of.applied} / ${of.desired}` }))
  if (of.refused) {
    parts.push(make('p', { kind: 'bad', text: `${say('revision', of.refused.revision)}：${sentence(of.refused.sentence)}` }))
    if (of.refused.detail) parts.push(make('p', { kind: 'code', text: say('about', of.refused.detail) }))
  }
  if (of.unknown) parts.push(make('p', { kind: 'wait', text: say('unknownKeys', of.unknown) }))
  return parts
}

/** The same under the name of the document. */
const standing = (name, of) => [make('div', { kind: 'code', text: name }), make('div', { kind: 'standing' }, ...standingText(of))]

/** What waits in a store, as it said itself. */
function told(node) {
  const { said } = node
  const held = make('p', { kind: 'code', text: say('heldTo', node.epoch, node.acked_seq) })
  if (!said) return [make('span', { kind: 'soft', text: say('untold') }), held]
  const waits = said.waiting > 0
  return [
    make('span', { kind: waits ? 'wait' : 'good', text: waits ? say('waits', said.waiting) : say('waitsNone') }),
    said.oldest_at ? make('p', { kind: 'wait', text: say('oldest', lasting(said.oldest_at)) }) : null,
    held,
    make('p', { kind: 'soft', text: say('saidAt', lasting(said.told_at)) }),
  ]
}

/** How far a copy is behind, in words: the version there, and the newest here. */
function heard(what, has, head) {
  const text = has === 0 ? say('hasNone', what) : has === head ? say('isNewest', what, has) : say('isBehind', what, has, head)
  return make('p', { kind: has === head ? 'good' : 'wait', text })
}

function certificate(node) {
  if (!node.certificate_ends_at) return null
  const isOver = new Date(node.certificate_ends_at) < new Date()
  return make('p', { kind: isOver ? 'bad' : 'soft', text: say(isOver ? 'certificateOver' : 'certificate', date(node.certificate_ends_at)) })
}

const SEVERITIES = { act: 'bad', look: 'wait', watch: 'soft' }

function row(store) {
  const [all, own, ...groups] = store.settings
  const { code } = store
  const way = (name) => button(say(name), () => ways[name](code), { kind: 'small', at: `${name} ${code}` })
  const mark = (one) => make('li', { kind: SEVERITIES[one.severity] ?? 'wait', text: `${sentence(one.name)} · ${lasting(one.since)}` })
  return make('tr', { data: { store: code } },
    cell(say('store'), make('strong', { text: store.name }), make('div', { kind: 'code', text: code }),
      store.troubles.length > 0 && make('ul', { kind: 'marks' }, ...store.troubles.map(mark))),
    cell(say('state'), make('span', { kind: `dot ${store.is_online ? 'up' : ''}` }), say(store.is_online ? 'online' : 'offline'),
      make('p', { kind: 'soft', text: store.is_online ? say(store.is_line_up ? 'pushed' : 'asked') : '' }),
      make('p', { kind: 'soft', text: store.heard_at ? moment(store.heard_at) : say('never') }),
      store.program && make('p', { kind: 'code', text: say('program', store.program) }),
      ...store.nodes.map(certificate)),
    cell(say('up'), ...(store.nodes.length ? store.nodes.flatMap(told) : [make('span', { kind: 'soft', text: say('noNode') })])),
    cell(say('down'), store.nodes.length === 0 && '—', ...store.nodes.flatMap(({ said }) => (said
      ? [heard(say('goods'), said.catalog, store.catalog_head), heard(say('ownRows'), said.store, store.store_head),
        make('p', { kind: 'soft', text: say('saidAt', lasting(said.told_at)) })]
      : [make('span', { kind: 'soft', text: say('untold') })]))),
    cell(say('sealed'), store.sealed_day ? make('span', { kind: 'good whole', text: store.sealed_day }) : make('span', { kind: 'soft', text: say('sealedNone') }),
      store.sealed_at && make('p', { kind: 'soft', text: say('sealedSince', moment(store.sealed_at)) })),
    cell(say('settings'), ...standing(say('ofAll'), all), ...standing(say('ofOwn'), own),
      ...groups.filter((of) => of.state !== 'none').flatMap((of) => standing(of.target, of))),
    make('td', { kind: 'ways' }, way('settings'), way('troubles'), way('days'), way('commands')))
}

export function drawStores() {
  const { rows, whole, next } = states
  $('stores-at').textContent = say('asOf', clock())
  const counts = { '': whole?.all ?? 0, away: whole?.away ?? 0, troubled: whole?.troubled ?? 0 }
  const words = { '': 'onlyAll', away: 'onlyAway', troubled: 'onlyTroubled' }
  redraw($('store-only'), ...ONLY.map((which) => {
    const one = button(say(words[which], counts[which]), () => showStores(undefined, which), { at: `only ${which}` })
    one.setAttribute('aria-pressed', String(which === only))
    return one
  }))
  $('no-stores').hidden = !whole || whole.all > 0
  $('none-found').hidden = !whole || whole.all === 0 || rows.length > 0
  redraw($('store-rows'), ...rows.map(row))
  $('more-stores').hidden = next === null
}

// Every store's code and name, and its settings' standing, where one of them is chosen.

export let standings = []

export async function loadStandings() {
  standings = await ask('/hq/v1/standings')
}
/** The same of one store, which is asked for again and again. */
export async function loadStanding(code) {
  const one = await ask(`/hq/v1/stores/${encodeURIComponent(code)}/standing`)
  standings = standings.map((known) => (known.code === code ? one : known))
}
