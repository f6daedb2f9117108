// HQ's page. It decides nothing: what may be saved, and what a cart costs, the mall says.

import * as commands from './commands.js'
import * as days from './days.js'
import * as groups from './groups.js'
import { $, ask, mayOnly, quiet, safely, suggest, sure, tell, wiring } from './kit.js'
import * as members from './members.js'
import * as rules from './rules.js'
import * as settings from './settings.js'
import * as stores from './stores.js'
import * as troubles from './troubles.js'
import { english, say, turn } from './words.js'

/** Every part: how it is opened, drawn in another language, and followed while somebody looks. */
const PARTS = {
  stores: { open: () => stores.showStores(), draw: stores.drawStores, follow: stores.loadStores },
  troubles: { open: () => troubles.showTroubles(), draw: troubles.drawTroubles, follow: troubles.loadTroubles },
  days: { open: () => days.showDays(), draw: days.drawDays },
  commands: { open: () => commands.showCommands(), draw: commands.drawCommands, follow: commands.loadCommands },
  groups: { open: groups.loadGroups, draw: groups.drawGroups },
  settings: { open: settings.loadSettings, draw: settings.drawSettings, follow: settings.followStanding },
  rules: { open: rules.loadRules, draw: rules.drawRules },
  members: { open: members.forgetMember, draw: members.drawMember },
}
/** How often what is looked at is asked for again, in milliseconds. */
const FOLLOW_MS = 5000
let tab = 'stores'
let holder = null

async function show(next, open = PARTS[next].open) {
  tab = next
  quiet()
  for (const name of Object.keys(PARTS)) $(name).hidden = name !== tab
  for (const button of $('tabs').children) button.setAttribute('aria-current', button.dataset.tab === tab ? 'page' : 'false')
  await open()
}

const isWritten = () => settings.settingsAreWritten() || groups.groupIsWritten()
const mayLeave = async () => !isWritten() || (await sure(say('sureLeave')))

/** Goes to a part, unless somebody stays with what they have written. */
async function go(next, open) {
  if (!(await mayLeave())) return
  settings.discardSettings()
  groups.forgetGroup()
  await show(next, open)
}
const openSettings = (at) => go('settings', () => {
  settings.aim(at)
  return settings.loadSettings()
})

stores.ways.settings = openSettings
stores.ways.troubles = (code) => go('troubles', () => troubles.showTroubles(code, ''))
stores.ways.days = (code) => go('days', () => days.showDays(code))
stores.ways.commands = (code) => go('commands', () => commands.showCommands(code))
troubles.ways.store = (code) => go('stores', () => stores.showStores(code, ''))
groups.ways.settings = openSettings

async function enter() {
  holder = await ask('/hq/v1/me')
  mayOnly(holder)
  $('sign-in').hidden = true
  $('tabs').hidden = false
  $('leave').hidden = false
  drawHolder()
  await show('stores')
}

function drawHolder() {
  if (!holder) return
  const isReader = document.body.dataset.may === ''
  $('holder').textContent = isReader ? say('readsOnly', holder.name) : holder.name
}

/** The page begins anew, so that nothing of what it showed is left in it; `why` is said then. */
function leave(why) {
  sessionStorage.removeItem('token')
  if (why) sessionStorage.setItem('why', why)
  for (const part of document.querySelectorAll('main > section:not(#sign-in)')) part.replaceChildren()
  location.reload()
}
wiring.expired = () => {
  if ($('tabs').hidden) sessionStorage.removeItem('token')
  else leave('expired')
}

function speak() {
  document.documentElement.lang = english() ? 'en' : 'zh-CN'
  for (const element of document.querySelectorAll('[data-say]')) element.textContent = say(element.dataset.say)
  for (const element of document.querySelectorAll('[data-hint]')) element.placeholder = say(element.dataset.hint)
  for (const element of document.querySelectorAll('[data-call]')) element.setAttribute('aria-label', say(element.dataset.call))
  $('language').textContent = english() ? '中文' : 'English'
  $('language').lang = english() ? 'zh-CN' : 'en'
  drawHolder()
  if (!$('tabs').hidden) PARTS[tab].draw()
}

const on = (id, event, work) => $(id).addEventListener(event, safely(work))

on('language', 'click', () => {
  turn()
  speak()
})
on('leave', 'click', async () => {
  if (await mayLeave()) leave()
})
on('token-form', 'submit', async () => {
  sessionStorage.setItem('token', $('token').value.trim())
  await ask('/hq/v1/me')
  $('token').value = ''
  await enter()
})
for (const button of $('tabs').children) button.addEventListener('click', safely(() => go(button.dataset.tab)))

on('store-form', 'submit', () => stores.showStores())
on('more-stores', 'click', stores.moreStores)
on('trouble-form', 'submit', () => troubles.showTroubles($('trouble-store').value))
on('all-troubles', 'click', () => troubles.showTroubles('', ''))
on('more-troubles', 'click', troubles.moreTroubles)
on('days-form', 'submit', () => days.showDays($('days-store').value))
on('earlier', 'click', () => days.turnMonth(-1))
on('later', 'click', () => days.turnMonth(1))
on('close-day', 'click', days.closeDay)
on('command-form', 'submit', commands.giveCommand)
on('commands-form', 'submit', () => commands.showCommands($('commands-store').value))
on('all-commands', 'click', () => commands.showCommands(''))
on('more-commands', 'click', commands.moreCommands)
for (const id of ['to-store', 'to-group', 'command']) on(id, 'change', commands.drawCommands)
for (const field of document.querySelectorAll('[list=store-codes]')) field.addEventListener('input', safely(() => suggest(field.value)))
groups.listenToGroups(safely)

on('target', 'change', async () => {
  const wish = $('target').value
  if (await mayLeave()) {
    settings.aim(wish)
    await settings.loadSettings()
  } else {
    $('target').value = settings.targetOf()
  }
})
on('settings-form', 'submit', settings.saveSettings)
on('discard', 'click', () => {
  settings.discardSettings()
  settings.drawFields()
})
on('older', 'click', settings.olderSettings)
on('add-rule', 'click', () => rules.chooseRule({ id: '', name: '', goods: { any: [{ sku: '' }] }, steps: [{ reward: { units: { rate: 9000 } } }] }))
on('check-rule', 'click', rules.checkRule)
on('rule-form', 'submit', rules.saveRule)
on('remove-rule', 'click', rules.removeRule)
on('cart-form', 'submit', rules.priceCart)
on('find-form', 'submit', members.findMember)
on('adjust-form', 'submit', members.adjustMember)

setInterval(safely(async () => {
  if (!$('tabs').hidden && document.visibilityState === 'visible') await PARTS[tab].follow?.()
}), FOLLOW_MS)

speak()
const why = sessionStorage.getItem('why')
sessionStorage.removeItem('why')
if (why) tell(new Error(say(why)))
if (sessionStorage.getItem('token')) safely(enter)()
