// Promotions: a rule is written, checked, tried on a cart and put in force.

import { $, ask, done, make, quiet, sure } from './kit.js'
import { drawTargets } from './settings.js'
import { loadStandings } from './stores.js'
import { english, say, sentence, yuan } from './words.js'

let set = { rules: [] }
let rulesRevision = 0
let chosen = null

export async function loadRules() {
  const document = await ask('/hq/v1/rules')
  set = document.set
  rulesRevision = document.revision
  await loadStandings()
  drawTargets($('cart-store'), false)
  drawRules()
}

export function drawRules() {
  const rules = set.rules ?? []
  $('rules-revision').textContent = say('rulesRevision', rulesRevision, rules.length)
  $('rule-rows').replaceChildren(...rules.map((rule) => {
    const button = make('button', { type: 'button', onclick: () => chooseRule(rule) }, make('div', { text: rule.name }), make('span', { kind: 'code', text: rule.id }))
    button.setAttribute('aria-current', String(rule.id === chosen))
    return make('li', {}, button)
  }))
}

export function chooseRule(rule) {
  quiet()
  chosen = rule.id
  $('rule').value = JSON.stringify(rule, null, 2)
  $('rule-form').hidden = false
  $('cart-form').hidden = false
  $('remove-rule').hidden = !(set.rules ?? []).some(({ id }) => id === rule.id)
  $('findings').replaceChildren()
  $('quote').replaceChildren()
  drawRules()
}

/** The set as it would be with what is written in the form. */
function edited() {
  let rule
  try {
    rule = JSON.parse($('rule').value)
  } catch (error) {
    throw new Error(say('badJson', error.message))
  }
  if (typeof rule?.id !== 'string' || !rule.id) throw new Error(say('needsId'))
  const rules = [...(set.rules ?? [])]
  const place = rules.findIndex(({ id }) => id === chosen)
  if (place < 0) rules.push(rule)
  else rules[place] = rule
  return { rule, set: { ...set, rules } }
}

function drawFindings({ errors = [], warnings = [] }) {
  const row = (kind, text) => ({ rule, code, sentence: both }) => make('li', {}, make('strong', { kind, text: `${text}  ` }), `${rule}  ${sentence(both)} `, make('span', { kind: 'code', text: code }))
  const rows = [...errors.map(row('bad', say('fault'))), ...warnings.map(row('wait', say('warning')))]
  $('findings').replaceChildren(...(rows.length ? rows : [make('li', { kind: 'good', text: say('fine') })]))
}

export async function checkRule() {
  quiet()
  drawFindings(await ask('/hq/v1/rules/checks', { method: 'POST', body: { set: edited().set } }))
}

async function putRules(next, rule) {
  const body = { set: next, note: $('rule-note').value }
  let answer
  try {
    answer = await ask('/hq/v1/rules', { method: 'PUT', body, match: `"${rulesRevision}"` })
  } catch (error) {
    if (error.problem?.findings) drawFindings({ errors: error.problem.findings })
    throw error
  }
  $('rule-note').value = ''
  chosen = rule?.id ?? null
  await loadRules()
  $('rule-form').hidden = !rule
  $('cart-form').hidden = !rule
  if (rule) drawFindings(answer)
  done(answer.result === 'saved' ? say('rulesSaved', answer.revision) : say('unchanged'))
}

export async function saveRule() {
  const { rule, set: next } = edited()
  if (await sure(say('sureRules'))) await putRules(next, rule)
}

export async function removeRule() {
  const rule = set.rules.find(({ id }) => id === chosen)
  if (!rule || !(await sure(say('sureRemove', rule.name)))) return
  await putRules({ ...set, rules: set.rules.filter(({ id }) => id !== chosen) }, null)
}

export async function priceCart() {
  quiet()
  const rows = $('cart').value.split('\n').map((text) => text.trim()).filter(Boolean)
  const lines = rows.map((text, place) => {
    const [, sku, number = '1'] = /^(\S+)(?:\s+(\d+(?:\.\d{1,3})?))?$/.exec(text) ?? []
    if (!sku) throw new Error(say('badLine', place + 1))
    const [whole, part = ''] = number.split('.')
    return { sku, quantity_milli: Number(whole) * 1000 + Number(part.padEnd(3, '0')) }
  })
  const occasion = { store: $('cart-store').value, channel: 'till' }
  const quote = await ask('/hq/v1/quotes', { method: 'POST', body: { lines, occasion, set: edited().set } })
  const cells = (tag, ...texts) => texts.map((text, place) => make(place ? 'td' : tag, { text, kind: place ? 'money' : '' }))
  $('quote').replaceChildren(
    make('table', {}, make('tbody', {},
      ...quote.lines.map((line, place) => make('tr', {}, ...cells('td', lines[place].sku, yuan(line.list_minor), yuan(line.amount_minor)))),
      make('tr', {}, ...cells('th', say('savedAmount'), '', yuan(-quote.saved_minor))),
      make('tr', {}, ...cells('th', say('total'), yuan(quote.list_minor), yuan(quote.total_minor))))),
    make('h3', { text: say('why') }),
    make('ul', { kind: 'plain' }, ...quote.notes.map((note) => make('li', { kind: note.rule === chosen ? '' : 'soft', text: english() ? note.sentence_en : note.sentence_zh }))))
}

