// Commands to stores: given to one or to a group, and the way of each.

import { $, ask, cell, done, listed, make, quiet, redraw, suggest, sure } from './kit.js'
import { clock, knows, moment, say } from './words.js'

export const COMMANDS = ['look-again', 'take-snapshot', 'report-state', 'restart']
const MINUTES = [[5, 'fiveMinutes'], [60, 'oneHour'], [1440, 'oneDay'], [10_080, 'sevenDays']]
const KINDS = { done: 'good', waiting: 'wait', taken: 'wait', expired: 'soft' }
let store = ''
let groups = []

const commands = listed(
  () => `/hq/v1/commands?limit=50${store && `&store=${encodeURIComponent(store)}`}`,
  (answer) => answer.commands,
)

export async function loadCommands() {
  if (await commands.load()) drawRows()
}
export async function showCommands(of = store) {
  const before = store
  store = of.trim()
  try {
    if (!(await commands.begin())) return
  } catch (error) {
    store = before
    throw error
  }
  $('commands-store').value = store
  if (store) $('command-store').value = store
  groups = await ask('/hq/v1/groups')
  await suggest()
  drawCommands()
}
export async function moreCommands() {
  if (await commands.more()) drawRows()
}

const isToGroup = () => $('to-group').checked

export async function giveCommand() {
  quiet()
  const [word, minutes] = [$('command').value, Number($('command-minutes').value)]
  const to = isToGroup() ? $('command-group').value : $('command-store').value.trim()
  const name = isToGroup() ? say('viaGroup', to) : to
  if (!to || !(await sure(say('sureCommand', name, say(word))))) return
  const path = `/hq/v1/${isToGroup() ? 'groups' : 'stores'}/${encodeURIComponent(to)}/commands`
  const answer = await ask(path, { method: 'POST', body: { command: word, minutes } })
  await showCommands(isToGroup() ? '' : store)
  const full = answer.full?.length ? `\n${say('groupFull', answer.full.join(' '))}` : ''
  done((isToGroup() ? say('groupGiven', answer.given) : say('commandGiven', to)) + full)
}

/** What a store said of a command: JSON is laid out, anything else stands as it is. */
export function laidOut(detail) {
  try {
    return JSON.stringify(JSON.parse(detail), null, 2)
  } catch {
    return detail
  }
}

function row(one) {
  const word = `cmd_${one.state}`
  const ended = ['done', 'waiting', 'taken', 'expired'].includes(one.state)
  return make('tr', { data: { state: one.state, store: one.store } },
    cell(say('given'), make('span', { text: moment(one.given_at) }), make('p', { kind: 'soft', text: one.given_by })),
    cell(say('store'), make('strong', { text: one.store }), one.given_to && make('p', { kind: 'soft', text: say('viaGroup', one.given_to) })),
    cell(say('command'), knows(one.word) ? say(one.word) : one.word),
    cell(say('way'), make('span', { kind: KINDS[one.state] ?? 'bad', text: knows(word) ? say(word) : one.state }),
      make('p', { kind: 'soft', text: [one.taken_at && say('takenAt', moment(one.taken_at)), one.told_at ? say('toldAt', moment(one.told_at)) : say('goodUntil', moment(one.not_after))].filter(Boolean).join(' · ') }),
      one.detail && make('details', { at: one.id, open: !ended }, make('summary', { text: say('reply') }), make('pre', { text: laidOut(one.detail), tabIndex: 0 }))))
}

function drawRows() {
  const { rows, whole, next } = commands
  $('commands-at').textContent = say('asOf', clock())
  $('no-commands').hidden = !whole || rows.length > 0
  redraw($('command-rows'), ...rows.map(row))
  $('more-commands').hidden = next === null
  $('all-commands').hidden = store === ''
}

function choices(select, options) {
  const kept = select.value
  select.replaceChildren(...options.map(([value, text]) => make('option', { value, text })))
  select.value = kept
  if (select.selectedIndex < 0) select.selectedIndex = 0
}

export function drawCommands() {
  const isFirst = $('command-minutes').options.length === 0
  choices($('command'), COMMANDS.map((word) => [word, say(word)]))
  choices($('command-minutes'), MINUTES.map(([value, word]) => [String(value), say(word)]))
  if (isFirst) $('command-minutes').value = '60'
  choices($('command-group'), groups.map((group) => [group.key, `${group.name}（${say('nStores', group.stores.length)}）`]))
  $('to-group').disabled = groups.length === 0
  if (groups.length === 0) $('to-store').checked = true
  $('command-store').parentElement.hidden = isToGroup()
  $('command-group').parentElement.hidden = !isToGroup()
  $('command-about').textContent = say(`about_${$('command').value.replaceAll('-', '_')}`)
  drawRows()
}
