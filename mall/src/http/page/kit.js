// What every part of the page stands on: elements, questions to the mall, what is said of their answers.
// Text only ever becomes text, never markup.

import { say, sentence } from './words.js'

export const $ = (id) => document.getElementById(id)

/** An element; `at` names it within its list, so that it keeps the focus when the list is drawn anew. */
export function make(tag, { text, kind, at, label, data, ...rest } = {}, ...children) {
  const element = document.createElement(tag)
  if (text !== undefined) element.textContent = text
  if (kind) element.className = kind
  if (at) element.dataset.at = at
  if (label) element.setAttribute('aria-label', label)
  for (const [name, value] of Object.entries(data ?? {})) element.dataset[name] = value
  Object.assign(element, rest)
  element.append(...children.filter(Boolean))
  return element
}
export const button = (text, act, more = {}) => make('button', { type: 'button', text, onclick: safely(act), ...more })

/** Draws a list anew: what had the focus has it again, and what was open is open. */
export function redraw(element, ...children) {
  const named = (at) => [...element.querySelectorAll('[data-at]')].find((one) => one.dataset.at === at)
  const at = element.contains(document.activeElement) ? document.activeElement.dataset.at : undefined
  const open = [...element.querySelectorAll('details[open]')].map((one) => one.dataset.at)
  element.replaceChildren(...children.filter(Boolean))
  for (const one of open) {
    const again = named(one ?? '')
    if (again) again.open = true
  }
  if (at) named(at)?.focus({ preventScroll: true })
}

/** A cell that says on a phone what its column is called. */
export const cell = (label, ...children) => make('td', { data: { label } }, make('div', {}, ...children))

// What the mall says.

class Refusal extends Error {
  constructor(problem) {
    super([problem.title, problem.detail, problem.hint].filter(Boolean).join('\n'))
    this.problem = problem
  }
}

/** What is done when the token is no good any more; the page says it. */
export const wiring = { expired: () => {} }

let isSilent = false

/** Asks the mall, and gives the document and its tag. */
export async function askTagged(path, { method = 'GET', body, match, as = 'json' } = {}) {
  const headers = { authorization: `Bearer ${sessionStorage.getItem('token')}` }
  const isFile = body instanceof Blob
  if (body !== undefined) headers['content-type'] = isFile ? 'application/octet-stream' : 'application/json'
  if (match !== undefined) headers['if-match'] = match
  let answer
  try {
    answer = await fetch(path, { method, headers, body: body === undefined || isFile ? body : JSON.stringify(body) })
  } catch {
    isSilent = true
    throw new Error(say('silent'))
  }
  // What was said of the silence is not so any more.
  if (isSilent) quiet()
  isSilent = false
  if (answer.ok && as === 'blob') return { document: await answer.blob(), tag: null }
  const document = await answer.json().catch(() => ({}))
  if (answer.status === 401) {
    wiring.expired()
    throw new Error(say('expired'))
  }
  if (!answer.ok) throw new Refusal(document)
  return { document, tag: answer.headers.get('etag') }
}
export const ask = async (path, more) => (await askTagged(path, more)).document

/** A list that comes in pages. Loaded again, it is as long as it was shown. */
export function listed(path, rowsOf) {
  const list = { rows: [], whole: null, next: null }
  let pages = 1
  let turn = 0
  list.load = async () => {
    turn += 1
    const mine = turn
    const rows = []
    let [first, next] = [null, null]
    for (let page = 0; page < pages; page += 1) {
      const answer = await ask(next ? `${path()}&after=${encodeURIComponent(next)}` : path())
      // Somebody asked for something else meanwhile.
      if (mine !== turn) return false
      first ??= answer
      rows.push(...rowsOf(answer))
      next = answer.next ?? null
      if (next === null) break
    }
    Object.assign(list, { rows, whole: first, next })
    return true
  }
  list.begin = () => {
    pages = 1
    return list.load()
  }
  list.more = () => {
    pages += 1
    return list.load()
  }
  return list
}

/** Suggests the stores that fit what is written, wherever a store's code is asked for. */
let suggested = 0
export async function suggest(text = '') {
  suggested += 1
  const mine = suggested
  const { stores } = await ask(`/hq/v1/states?limit=50&query=${encodeURIComponent(text)}`)
  if (mine !== suggested) return
  $('store-codes').replaceChildren(...stores.map((store) => make('option', { value: store.code, text: store.name })))
}

export function tell(error) {
  const findings = error.problem?.findings ?? []
  const lines = findings.map((finding) => `${finding.rule}  ${sentence(finding.sentence)}`)
  $('wrong').textContent = [error.message, ...lines].join('\n')
  $('wrong').hidden = false
  $('done').hidden = true
  $('wrong').scrollIntoView({ block: 'nearest' })
}
export function done(text) {
  $('done').textContent = text
  $('done').hidden = false
  $('wrong').hidden = true
}
export function quiet() {
  $('wrong').hidden = true
  $('done').hidden = true
}
export const safely = (work) => async (event) => {
  event?.preventDefault?.()
  try {
    await work(event)
  } catch (error) {
    tell(error)
  }
}
export function sure(text) {
  $('sure-what').textContent = text
  $('sure').returnValue = ''
  $('sure').showModal()
  return new Promise((resolve) => {
    $('sure').addEventListener('close', () => resolve($('sure').returnValue === 'yes'), { once: true })
  })
}

// What the token may do.

/** Hides what the holder has no right to; the mall refuses it all the same. */
export function mayOnly(holder) {
  const rights = { rules: holder.may_save_rules, settings: holder.may_save_settings, members: holder.may_manage_members }
  document.body.dataset.may = Object.keys(rights).filter((right) => rights[right]).join(' ')
}
export const may = (right) => (document.body.dataset.may ?? '').split(' ').includes(right)
