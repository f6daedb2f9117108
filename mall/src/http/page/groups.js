// Groups of stores: who is in them, who changed them, and what stands over what.

import { $, ask, askTagged, button, done, make, may, quiet, redraw, suggest, sure } from './kit.js'
import { say, time } from './words.js'

/** Members that are drawn; a larger group is found by what is written in its filter. */
const SHOWN = 200
let groups = []
/** The group that is looked at: as it was read, and as it is written here. */
let read = null
let draft = null
/** Where the settings of a group are; the page says it. */
export const ways = {}

const path = (key) => `/hq/v1/groups/${encodeURIComponent(key)}`

export async function loadGroups() {
  groups = await ask('/hq/v1/groups')
  await suggest()
  drawGroups()
}

async function choose(key) {
  quiet()
  const { document, tag } = await askTagged(path(key))
  read = { ...document, tag }
  draft = { ...document, stores: [...document.stores] }
  $('member-filter').value = ''
  drawGroups()
}

export function beginGroup() {
  quiet()
  read = { key: '', name: '', rank: 1, stores: [], tag: '"0"', isNew: true }
  draft = { ...read, stores: [] }
  drawGroups()
  $('group-key').focus()
}

export const groupIsWritten = () => draft !== null && JSON.stringify(wish()) !== JSON.stringify(wishOf(read))
const wishOf = ({ name, rank, stores }) => ({ name, rank, stores: [...stores].sort() })
const wish = () => wishOf(draft)

export function forgetGroup() {
  read = null
  draft = null
}

export async function addMember() {
  const code = $('member-code').value.trim()
  if (!code) return
  const { stores } = await ask(`/hq/v1/states?limit=200&query=${encodeURIComponent(code)}`)
  if (!stores.some((store) => store.code === code)) throw new Error(say('notAStore', code))
  if (!draft.stores.includes(code)) draft.stores = [...draft.stores, code].sort()
  $('member-code').value = ''
  drawMembers()
}

export async function saveGroup() {
  const key = read.isNew ? $('group-key').value.trim() : read.key
  const comes = draft.stores.filter((code) => !read.stores.includes(code)).length
  const goes = read.stores.filter((code) => !draft.stores.includes(code)).length
  if (!(await sure(say('sureGroup', draft.name || key, comes, goes)))) return
  await ask(path(key), { method: 'PUT', body: wish(), match: read.tag })
  groups = await ask('/hq/v1/groups')
  await choose(key)
  done(say('groupSaved'))
}

export async function endGroup() {
  if (!(await sure(say('sureEndGroup', read.name)))) return
  await ask(path(read.key), { method: 'DELETE', match: read.tag })
  forgetGroup()
  await loadGroups()
  done(say('groupEnded'))
}

function drawMembers() {
  const filter = $('member-filter').value.trim().toUpperCase()
  const shown = draft.stores.filter((code) => code.toUpperCase().includes(filter))
  const out = (code) => {
    draft.stores = draft.stores.filter((one) => one !== code)
    drawMembers()
  }
  $('member-count').textContent = say('nStores', draft.stores.length)
  $('no-members').hidden = draft.stores.length > 0
  $('member-filter').hidden = draft.stores.length <= SHOWN
  redraw($('group-members'), ...shown.slice(0, SHOWN).map((code) => make('li', {}, make('span', { text: code }),
    may('settings') && button('×', () => out(code), { kind: 'small', label: say('takeOut', code), at: code }))))
}

export function drawGroups() {
  $('no-groups').hidden = groups.length > 0
  redraw($('group-rows'), ...groups.map((group) => {
    const one = button('', () => choose(group.key), { at: group.key })
    one.append(make('div', {}, make('strong', { text: group.name }), make('span', { kind: 'soft', text: `  ${say('nStores', group.stores.length)}` })),
      make('span', { kind: 'code', text: `${group.key} · ${say('rankOf', group.rank)}` }))
    one.setAttribute('aria-current', String(group.key === read?.key))
    return make('li', {}, one)
  }))
  $('group-form').hidden = !draft
  $('choose-group').hidden = draft !== null || groups.length === 0
  if (!draft) return
  $('group-key').value = read.isNew ? $('group-key').value : read.key
  $('group-key').readOnly = !read.isNew
  $('group-name').value = draft.name
  $('group-rank').value = draft.rank
  for (const id of ['group-name', 'group-rank']) $(id).readOnly = !may('settings')
  $('group-by').textContent = read.isNew ? '' : say('changedBy', read.changed_by, time(read.changed_at))
  $('end-group').hidden = Boolean(read.isNew)
  $('group-settings').hidden = Boolean(read.isNew)
  drawMembers()
}

export function listenToGroups(safely) {
  $('add-group').addEventListener('click', safely(beginGroup))
  $('group-form').addEventListener('submit', safely(saveGroup))
  $('end-group').addEventListener('click', safely(endGroup))
  $('group-settings').addEventListener('click', safely(() => ways.settings(`group/${read.key}`)))
  $('add-member').addEventListener('click', safely(addMember))
  $('member-filter').addEventListener('input', drawMembers)
  $('group-name').addEventListener('input', (event) => (draft.name = event.target.value))
  $('group-rank').addEventListener('input', (event) => (draft.rank = Number(event.target.value)))
  // Enter in the field of a code adds it, and does not save the group.
  $('member-code').addEventListener('keydown', (event) => {
    if (event.key === 'Enter') safely(addMember)(event)
  })
}
