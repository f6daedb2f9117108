// Settings: what HQ wishes, for all stores, a group or one store, and what became of it.

import { richFields } from './fields.js'
import { $, ask, done, make, may, sure } from './kit.js'
import { loadStanding, loadStandings, standings, standingText } from './stores.js'
import { say, sentence, time } from './words.js'

let schema = []
let target = 'all'
let groups = []
let revision = 0
let saved = {}
let draft = {}
let below = {}
let history = []
let before = null

// A group is chosen as `group/<key>`, a store by its code, which has no stroke.
const isGroup = () => target.startsWith('group/')
const base = () => (target === 'all' ? '/hq/v1/settings' : isGroup() ? `/hq/v1/groups/${encodeURIComponent(target.slice(6))}/settings` : `/hq/v1/stores/${encodeURIComponent(target)}/settings`)
const flat = (groups) => Object.fromEntries(Object.entries(groups).flatMap(([group, names]) => Object.entries(names).map(([name, value]) => [`${group}.${name}`, value])))
function grouped(values) {
  const groups = {}
  for (const [key, value] of Object.entries(values)) {
    const [group, name] = key.split('.')
    groups[group] ??= {}
    groups[group][name] = value
  }
  return groups
}
const rich = richFields({ say, make, ask })
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
const changedKeys = () => schema.map((setting) => setting.key).filter((key) => !same(saved[key], draft[key]))

export const settingsAreWritten = () => changedKeys().length > 0
export function discardSettings() {
  draft = structuredClone(saved)
}
export const targetOf = () => target
/** What is looked at from now on: `all`, `group/<key>`, or a store's code. */
export function aim(at) {
  target = at
}

export async function loadSettings() {
  if (!schema.length) schema = await ask('/hq/v1/settings/schema')
  const document = await ask(base())
  revision = document.revision
  saved = flat(document.settings)
  draft = structuredClone(saved)
  below = Object.fromEntries(schema.map((setting) => [setting.key, { value: setting.default, origin: setting.default === null ? 'set_up' : 'default' }]))
  groups = await ask('/hq/v1/groups')
  await rich.hold()
  if (isGroup()) {
    const all = await ask('/hq/v1/settings')
    for (const [key, value] of Object.entries(flat(all.settings))) below[key] = { value, origin: 'all' }
  } else if (target !== 'all') {
    // What would count if the store said nothing itself.
    const without = await ask(`${base()}/preview`, { method: 'POST', body: { target, settings: {} } })
    for (const row of without) below[row.key] = row
  }
  const page = await ask(`${base()}/revisions?limit=10`)
  history = page.revisions
  before = page.next
  await loadStandings()
  drawSettings()
}

export function drawTargets(select, withAll) {
  const kept = select.value || target
  select.replaceChildren(
    ...(withAll ? [make('option', { value: 'all', text: say('all') }), ...groups.map((group) => make('option', { value: `group/${group.key}`, text: say('groupOf', group.name, group.stores.length) }))] : []),
    ...standings.map((store) => make('option', { value: store.code, text: `${store.code}  ${store.name}` })))
  select.value = withAll ? target : kept
  if (select.selectedIndex < 0) select.selectedIndex = 0
}

const wordOf = (word) => say(word === 'none' ? 'none_' : word)
function valueText(setting, value) {
  if (value === null || value === undefined) return say('setUp')
  if (setting.kind === 'lines') return value.length ? value.join(' / ') : say('empty')
  if (setting.kind === 'flag') return say(value ? 'flagYes' : 'flagNo')
  if (setting.kind === 'word') return wordOf(value)
  if (setting.kind === 'rule') return value || say('empty')
  if (rich.kinds[setting.kind]) return rich.kinds[setting.kind].text(setting, value)
  return `${value} ${say(setting.unit)}`
}

function control(setting) {
  const { key } = setting
  const set = (value) => {
    draft[key] = value
    drawChanges()
  }
  const value = draft[key]
  const label = sentence(setting.sentence)
  if (rich.kinds[setting.kind]) return rich.kinds[setting.kind].control(setting, value, label, set)
  if (setting.kind === 'lines') {
    return make('textarea', { rows: 3, value: value.join('\n'), ariaLabel: label, placeholder: say('lines'),
      oninput: (event) => set(event.target.value.split('\n').filter((line, place, all) => line || place < all.length - 1)) })
  }
  if (setting.kind === 'number') {
    return make('input', { type: 'number', min: setting.min, max: setting.max, value, ariaLabel: label,
      oninput: (event) => set(event.target.value === '' ? null : Number(event.target.value)) })
  }
  if (setting.kind === 'rule') {
    return make('input', { value, maxLength: 64, ariaLabel: label, oninput: (event) => set(event.target.value.trim()) })
  }
  const choices = setting.kind === 'flag' ? [[true, say('flagYes')], [false, say('flagNo')]] : setting.words.map((word) => [word, wordOf(word)])
  const select = make('select', { ariaLabel: label, onchange: (event) => set(choices[event.target.selectedIndex][0]) },
    ...choices.map(([, text]) => make('option', { text })))
  select.selectedIndex = choices.findIndex(([choice]) => choice === value)
  return select
}

/** As it is for whoever may only read. */
function held(element) {
  element.disabled = !may('settings')
  return element
}

/** A value to begin with where nothing was set: what counts without it. */
function first(setting) {
  const value = below[setting.key]?.value
  if (value !== null && value !== undefined) return structuredClone(value)
  return { lines: [], flag: true, word: setting.words?.[0], number: setting.min, rule: '' }[setting.kind] ?? rich.kinds[setting.kind]?.first
}

function field(setting) {
  const { key } = setting
  const isSet = draft[key] !== undefined
  const box = make('input', { type: 'checkbox', checked: isSet, disabled: !may('settings'), onchange: (event) => {
    if (event.target.checked) draft[key] = saved[key] === undefined ? first(setting) : structuredClone(saved[key])
    else delete draft[key]
    drawFields()
  } })
  const from = below[key]?.origin ?? 'default'
  const origin = from.startsWith('group/') ? say('originGroup', from.slice(6)) : say({ all: 'originAll', set_up: 'originSetUp', default: 'originDefault' }[from])
  const without = below[key]?.value ?? null
  // Where nobody has a value, the words say whose it is already.
  const whose = without === null ? say(below[key]?.origin === 'default' ? 'boot' : 'setUp') : `${valueText(setting, without)}（${origin}）`
  const row = make('div', { kind: 'field' },
    make('div', { kind: 'what' }, sentence(setting.sentence), make('span', { kind: 'code', text: key })),
    make('div', { kind: 'how' }, make('label', {}, box, make('span', { text: say('own') })), isSet && held(control(setting))),
    make('div', { kind: 'below', text: say('otherwise', whose) }))
  row.dataset.key = key
  return row
}

export function drawFields() {
  $('fields').replaceChildren(...schema.map(field))
  drawChanges()
}

function change(setting, from, to) {
  const text = (value) => (value === undefined || value === null ? say('none') : valueText(setting, value))
  return make('li', {}, make('span', { text: `${sentence(setting.sentence)}：` }), make('del', { text: text(from) }), ' → ', make('ins', { text: text(to) }))
}

function drawChanges() {
  const keys = changedKeys()
  const of = (key) => schema.find((setting) => setting.key === key)
  for (const row of $('fields').children) row.classList.toggle('changed', keys.includes(row.dataset.key))
  $('change-rows').replaceChildren(...keys.map((key) => change(of(key), saved[key], draft[key])))
  $('no-changes').hidden = keys.length > 0
  $('save').disabled = keys.length === 0
  $('discard').disabled = keys.length === 0
}

/** What became of the store's settings, asked for again. */
export async function followStanding() {
  if (target === 'all' || isGroup()) return
  await loadStanding(target)
  drawStanding()
}

function drawStanding() {
  const store = standings.find(({ code }) => code === target)
  $('standing').replaceChildren(...(store ? [make('span', { kind: `dot ${store.is_online ? 'up' : ''}` }), say(store.is_online ? 'online' : 'offline'), '  ', ...standingText(store.settings[1])] : []))
}

export function drawSettings() {
  drawTargets($('target'), true)
  $('revision').textContent = revision > 0 ? say('revision', revision) : say('nothingYet')
  drawStanding()
  drawFields()
  drawHistory()
}

export async function olderSettings() {
  const page = await ask(`${base()}/revisions?limit=10&before=${before}`)
  history.push(...page.revisions)
  before = page.next
  drawHistory()
}

function drawHistory() {
  const of = (key) => schema.find((setting) => setting.key === key)
  $('history').replaceChildren(...history.map((one) => make('li', {},
    make('strong', { text: say('revision', one.revision) }), ' ', make('span', { kind: 'soft', text: say('by', one.saved_by, time(one.saved_at)) }),
    one.note && make('div', { text: one.note }),
    make('ul', {}, ...one.changes.filter(({ key }) => of(key)).map(({ key, before: from, after: to }) => change(of(key), from, to))))))
  $('older').hidden = before === null || before === undefined
}

export async function saveSettings() {
  const name = target === 'all' ? say('all') : isGroup() ? target.slice(6) : target
  if (!(await sure(say('sureSave', name, changedKeys().length)))) return
  const body = { settings: grouped(draft), note: $('note').value }
  const answer = await ask(base(), { method: 'PUT', body, match: `"${revision}"` })
  $('note').value = ''
  await loadSettings()
  done(answer.result === 'saved' ? say('saved', answer.revision) : say('unchanged'))
}

