// HQ's page. It decides nothing: what may be saved, and what a cart costs, the mall says.
// Text only ever becomes text, never markup.

import { richFields } from './fields.js'

const words = {
  hq: ['总部', 'HQ'], stores: ['门店', 'Stores'], settings: ['设置', 'Settings'], rules: ['促销', 'Promotions'], members: ['会员', 'Members'],
  leave: ['退出', 'Sign out'], signIn: ['用员工令牌进入', 'Enter with a staff token'], token: ['令牌', 'Token'], enter: ['进入', 'Enter'],
  tokenHint: ['在商城上运行 mall staff add 姓名 --may-save-rules --may-save-settings --may-manage-members 得到。关闭标签页即忘记。', 'Run mall staff add NAME --may-save-rules --may-save-settings --may-manage-members on the mall to get one. It is forgotten with this tab.'],
  store: ['门店', 'Store'], state: ['状态', 'State'], heard: ['最近联络', 'Last heard'],
  ofAll: ['全部门店的设置', "All stores' settings"], ofOwn: ['本店的设置', 'Its own settings'], noStores: ['还没有门店。', 'There is no store yet.'],
  for: ['对象', 'For'], all: ['全部门店', 'All stores'], changes: ['将要改动', 'What will change'], noChanges: ['没有改动。', 'Nothing has changed.'],
  note: ['原因', 'Why'], save: ['保存并下发', 'Save and send'], discard: ['放弃改动', 'Discard'], history: ['历史', 'History'], older: ['更早的', 'Older'],
  addRule: ['新规则', 'New rule'], rule: ['规则（JSON）', 'Rule (JSON)'], check: ['检查', 'Check'], remove: ['删除这条规则', 'Remove this rule'],
  tryCart: ['试算', 'Try a cart'], cart: ['商品：每行一个货号和数量', 'Goods: a SKU and how many on each line'], at: ['门店', 'Store'], price: ['按以上规则试算', 'Price by the rules above'],
  yes: ['确定', 'Yes'], no: ['取消', 'No'],
  online: ['在线', 'Online'], offline: ['离线', 'Offline'], pushed: ['消息线路正常', 'pushed at once'], asked: ['靠轮询', 'asks by itself'], never: ['从未', 'never'],
  none: ['未设置', 'nothing set'], waiting: ['等待门店采用', 'waiting for the store'], applied: ['已采用', 'applied'], refused: ['被拒绝', 'refused'], 'on-trial': ['试用中', 'on trial'], 'rolled-back': ['已自动退回', 'taken back by the store'],
  revision: ['第 {0} 版', 'revision {0}'], nothingYet: ['还没有保存过。', 'Nothing was ever saved.'], by: ['{0}，{1}', '{0}, {1}'],
  own: ['在这里设置', 'Set here'], otherwise: ['不设置时：{0}', 'Otherwise: {0}'], setUp: ['按门店资料', 'as the store was set up'], boot: ['按门店机器的启动配置', "as the store's box was set up"],
  originStore: ['本店设置', 'set for this store'], originGroup: ['门店组“{0}”的设置', 'set for the group {0}'], groupOf: ['门店组：{0}（{1} 家）', 'Group: {0} ({1} stores)'], originAll: ['全部门店的设置', 'set for all stores'], originSetUp: ['门店资料', 'as set up'], originDefault: ['默认', 'default'],
  flagYes: ['是', 'yes'], flagNo: ['否', 'no'], empty: ['（空）', '(none)'], min: ['分钟', 'min'], h: ['小时', 'h'], d: ['天', 'days'], '%': ['%', '%'], lines: ['每行一行，最多 10 行', 'One line each, at most 10'],
  up: ['上移', 'Up'], down: ['下移', 'Down'], takeOut: ['取下', 'Take out'], pad: ['小键盘', 'Keypad'],
  cash: ['现金', 'cash'], payCode: ['付款码', 'payment code'], vouchers: ['券', 'vouchers'], member: ['会员', 'member'],
  seconds: ['秒', 's'], forSeconds: ['{0} 秒', '{0} s'], fromTime: ['从几点', 'From'], toTime: ['到几点', 'Until'], addHeld: ['加一张已有的图片', 'Add a picture that is held'], addFile: ['上传图片', 'Upload a picture'],
  saved: ['已保存为第 {0} 版，正在下发。', 'Saved as revision {0}; stores are being told.'], unchanged: ['与现行版本相同，没有保存。', 'It is what is desired already; nothing was saved.'],
  rulesSaved: ['促销第 {0} 版已生效，正在下发。', 'Rule set {0} is in force; stores are being told.'],
  rulesRevision: ['第 {0} 版，{1} 条', 'revision {0}, {1} rules'], fine: ['没有问题。', 'Nothing is wrong.'],
  fault: ['错误', 'Fault'], warning: ['提醒', 'Warning'], badJson: ['这不是正确的 JSON：{0}', 'This is not JSON: {0}'], needsId: ['规则要有 id。', 'A rule needs an id.'],
  sureRemove: ['删除规则“{0}”，全部门店立即不再使用它？', 'Remove the rule “{0}” from all stores at once?'],
  sureSave: ['对{0}保存 {1} 处改动？', 'Save {1} changes for {0}?'], sureRules: ['让这套促销规则在全部门店生效？', 'Put these promotions in force in all stores?'],
  sureLeave: ['有改动还没有保存，放弃它们？', 'There are unsaved changes. Discard them?'],
  badLine: ['第 {0} 行不是“货号 数量”。', 'Line {0} is not “SKU number”.'], total: ['应付', 'Total'], list: ['原价', 'List'], savedAmount: ['优惠', 'Saved'], why: ['为什么', 'Why'],
  phone: ['手机号', 'Phone number'], find: ['查找', 'Find'], noMember: ['没有会员用这个手机号。', 'No member has this number.'],
  adjust: ['充值与调整', 'Top up or adjust'], purse: ['什么', 'What'], amount: ['多少（减少写负数）', 'How much (below zero takes)'], enterIt: ['记入', 'Enter'],
  points: ['积分', 'points'], balance: ['余额', 'balance'], ofPoints: ['{0} 分', '{0} points'], ofBalance: ['{0} 元', '{0} yuan'],
  entries: ['最近的变动', 'Newest changes'], noEntries: ['还没有变动。', 'Nothing has changed yet.'], earned: ['获得', 'earned'], spent: ['使用', 'spent'], adjusted: ['调整', 'adjusted'],
  tier: ['等级', 'Tier'], joined: ['入会', 'Member since'], crowds: ['标签', 'Tags'], staffMember: ['本公司员工', 'Works for the chain'], lentTo: ['{0} 可用', 'Lent to {0}'],
  badYuan: ['金额写到分，比如 100 或 99.50。', 'Write yuan with at most two decimals, like 100 or 99.50.'], badPoints: ['积分是整数。', 'Points are a whole number.'],
  sureGive: ['给 {0} 增加{1} {2}？', 'Give {0} {2} ({1})?'], sureTake: ['从 {0} 减少{1} {2}？', 'Take {2} ({1}) from {0}?'], entered: ['已记入。', 'It is entered.'],
  unsure: ['商城没有应答，不知道是否已记入。请原样再按一次：同一笔不会记两次。', 'The mall does not answer, and it may be entered or not. Press again without a change: it is not entered twice.'],
  silent: ['商城没有应答，什么也没有保存。请稍后再试。', 'The mall does not answer; nothing was saved. Try again in a moment.'],
  expired: ['令牌无效或已停用，请重新进入。', 'The token is not valid any more. Enter again.'],
  asOf: ['{0} 的情况', 'as of {0}'], unknownKeys: ['门店程序不认识：{0}', 'Unknown to its program: {0}'], about: ['涉及：{0}', 'About: {0}'],
  none_: ['不抹零', 'not at all'], jiao_down: ['舍分', 'down to the jiao'], jiao_half_up: ['四舍五入到角', 'to the nearest jiao'], jiao_up: ['逢分进角', 'up to the jiao'],
  five_jiao: ['到五角', 'to the nearest five jiao'], yuan_down: ['抹零到元', 'down to the yuan'], yuan_half_up: ['四舍五入到元', 'to the nearest yuan'], yuan_up: ['逢角进元', 'up to the yuan'],
}
let english = sessionStorage.getItem('language') === 'en'
const say = (key, ...values) => {
  const text = words[key]?.[english ? 1 : 0] ?? key
  return values.reduce((done, value, place) => done.replace(`{${place}}`, value), text)
}
const sentence = (both) => (english ? both.en : both.zh)

const $ = (id) => document.getElementById(id)
function make(tag, { text, kind, ...rest } = {}, ...children) {
  const element = document.createElement(tag)
  if (text !== undefined) element.textContent = text
  if (kind) element.className = kind
  Object.assign(element, rest)
  element.append(...children.filter(Boolean))
  return element
}
const time = (text) => (text ? new Date(text).toLocaleString(english ? 'en-GB' : 'zh-CN', { hour12: false }) : say('never'))
const yuan = (fen) => `${fen < 0 ? '−' : ''}${Math.floor(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, '0')}`

// What the mall says.

class Refusal extends Error {
  constructor(problem) {
    super([problem.title, problem.detail, problem.hint].filter(Boolean).join('\n'))
    this.problem = problem
  }
}

let isSilent = false

async function ask(path, { method = 'GET', body, match, as = 'json' } = {}) {
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
  if (answer.ok && as === 'blob') return answer.blob()
  const document = await answer.json().catch(() => ({}))
  if (answer.status === 401) {
    if ($('tabs').hidden) sessionStorage.removeItem('token')
    else leave('expired')
    throw new Error(say('expired'))
  }
  if (!answer.ok) throw new Refusal(document)
  return document
}

function tell(error) {
  const findings = error.problem?.findings ?? []
  const lines = findings.map((finding) => `${finding.rule}  ${sentence(finding.sentence)}`)
  $('wrong').textContent = [error.message, ...lines].join('\n')
  $('wrong').hidden = false
  $('done').hidden = true
  $('wrong').scrollIntoView({ block: 'nearest' })
}
function done(text) {
  $('done').textContent = text
  $('done').hidden = false
  $('wrong').hidden = true
}
function quiet() {
  $('wrong').hidden = true
  $('done').hidden = true
}
const safely = (work) => async (event) => {
  event?.preventDefault?.()
  try {
    await work(event)
  } catch (error) {
    tell(error)
  }
}
function sure(text) {
  $('sure-what').textContent = text
  $('sure').returnValue = ''
  $('sure').showModal()
  return new Promise((resolve) => {
    $('sure').addEventListener('close', () => resolve($('sure').returnValue === 'yes'), { once: true })
  })
}

// Stores.

let standings = []

async function loadStandings() {
  standings = await ask('/hq/v1/standings')
  if (tab === 'stores') drawStores()
  if (tab === 'settings') drawStanding()
}

function standingText(of) {
  const kind = { applied: 'good', refused: 'bad', 'rolled-back': 'bad', waiting: 'wait', 'on-trial': 'wait', none: 'soft' }[of.state]
  const parts = [make('span', { kind, text: say(of.state) })]
  if (of.desired > 0) parts.push(make('span', { kind: 'code', text: ` ${of.applied} / ${of.desired}` }))
  if (of.refused) {
    parts.push(make('p', { kind: 'bad', text: `${say('revision', of.refused.revision)}：${sentence(of.refused.sentence)}` }))
    if (of.refused.detail) parts.push(make('p', { kind: 'code', text: say('about', of.refused.detail) }))
  }
  if (of.unknown) parts.push(make('p', { kind: 'wait', text: say('unknownKeys', of.unknown) }))
  return parts
}

function drawStores() {
  $('stores-at').textContent = say('asOf', new Date().toLocaleTimeString(english ? 'en-GB' : 'zh-CN', { hour12: false }))
  $('no-stores').hidden = standings.length > 0
  $('store-rows').replaceChildren(...standings.map((store) => {
    const [all, own, ...groups] = store.settings
    const cell = (label, ...children) => {
      const td = make('td', {}, make('div', {}, ...children))
      td.dataset.label = label
      return td
    }
    const open = make('button', { type: 'button', text: say('settings'), onclick: safely(() => openSettings(store.code)) })
    return make('tr', {},
      cell(say('store'), make('strong', { text: store.name }), make('div', { kind: 'code', text: store.code })),
      cell(say('state'), make('span', { kind: `dot ${store.is_online ? 'up' : ''}` }), say(store.is_online ? 'online' : 'offline'),
        make('p', { kind: 'soft', text: store.is_online ? say(store.is_line_up ? 'pushed' : 'asked') : '' })),
      cell(say('heard'), time(store.heard_at), make('p', { kind: 'code', text: store.program })),
      cell(say('ofAll'), ...standingText(all)),
      cell(say('ofOwn'), ...standingText(own), ...groups.filter((of) => of.state !== 'none').flatMap((of) => [make('p', { kind: 'code', text: of.target }), ...standingText(of)]), make('p', {}, open)))
  }))
}

// Settings.

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

async function openSettings(code) {
  if (!(await mayLeave())) return
  target = code
  await show('settings')
}
const mayLeave = async () => changedKeys().length === 0 || (await sure(say('sureLeave')))

async function loadSettings() {
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

function drawTargets(select, withAll) {
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

/** A value to begin with where nothing was set: what counts without it. */
function first(setting) {
  const value = below[setting.key]?.value
  if (value !== null && value !== undefined) return structuredClone(value)
  return { lines: [], flag: true, word: setting.words?.[0], number: setting.min, rule: '' }[setting.kind] ?? rich.kinds[setting.kind]?.first
}

function field(setting) {
  const { key } = setting
  const isSet = draft[key] !== undefined
  const box = make('input', { type: 'checkbox', checked: isSet, onchange: (event) => {
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
    make('div', { kind: 'how' }, make('label', {}, box, make('span', { text: say('own') })), isSet && control(setting)),
    make('div', { kind: 'below', text: say('otherwise', whose) }))
  row.dataset.key = key
  return row
}

function drawFields() {
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

function drawStanding() {
  const store = standings.find(({ code }) => code === target)
  $('standing').replaceChildren(...(store ? [make('span', { kind: `dot ${store.is_online ? 'up' : ''}` }), say(store.is_online ? 'online' : 'offline'), '  ', ...standingText(store.settings[1])] : []))
}

function drawSettings() {
  drawTargets($('target'), true)
  $('revision').textContent = revision > 0 ? say('revision', revision) : say('nothingYet')
  drawStanding()
  drawFields()
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

async function saveSettings() {
  const name = target === 'all' ? say('all') : isGroup() ? target.slice(6) : target
  if (!(await sure(say('sureSave', name, changedKeys().length)))) return
  const body = { settings: grouped(draft), note: $('note').value }
  const answer = await ask(base(), { method: 'PUT', body, match: `"${revision}"` })
  $('note').value = ''
  await loadSettings()
  done(answer.result === 'saved' ? say('saved', answer.revision) : say('unchanged'))
}

// Promotions.

let set = { rules: [] }
let rulesRevision = 0
let chosen = null

async function loadRules() {
  const document = await ask('/hq/v1/rules')
  set = document.set
  rulesRevision = document.revision
  await loadStandings()
  drawTargets($('cart-store'), false)
  drawRules()
}

function drawRules() {
  const rules = set.rules ?? []
  $('rules-revision').textContent = say('rulesRevision', rulesRevision, rules.length)
  $('rule-rows').replaceChildren(...rules.map((rule) => {
    const button = make('button', { type: 'button', onclick: () => chooseRule(rule) }, make('div', { text: rule.name }), make('span', { kind: 'code', text: rule.id }))
    button.setAttribute('aria-current', String(rule.id === chosen))
    return make('li', {}, button)
  }))
}

function chooseRule(rule) {
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

async function checkRule() {
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

async function saveRule() {
  const { rule, set: next } = edited()
  if (await sure(say('sureRules'))) await putRules(next, rule)
}

async function removeRule() {
  const rule = set.rules.find(({ id }) => id === chosen)
  if (!rule || !(await sure(say('sureRemove', rule.name)))) return
  await putRules({ ...set, rules: set.rules.filter(({ id }) => id !== chosen) }, null)
}

async function priceCart() {
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
    make('ul', { kind: 'plain' }, ...quote.notes.map((note) => make('li', { kind: note.rule === chosen ? '' : 'soft', text: english ? note.sentence_en : note.sentence_zh }))))
}

// Members.

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

function forgetMember() {
  member = null
  asked = null
  for (const id of ['phone', 'amount', 'adjust-note']) $(id).value = ''
  $('no-member').hidden = true
  drawMember()
}

async function findMember() {
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

function drawMember() {
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

async function adjustMember() {
  quiet()
  const [purse, reason] = [$('purse').value, $('adjust-note').value.trim()]
  const amount = wanted(purse, $('amount').value)
  const wish = { of: member.id, purse, amount, reason }
  if (!same({ ...asked, id: null }, { ...wish, id: null })) asked = { ...wish, id: newId() }
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

// The page.

const TABS = ['stores', 'settings', 'rules', 'members']
let tab = 'stores'

async function show(next) {
  tab = next
  quiet()
  for (const name of TABS) $(name).hidden = name !== tab
  for (const button of $('tabs').children) button.setAttribute('aria-current', button.dataset.tab === tab ? 'page' : 'false')
  if (tab === 'stores') await loadStandings()
  if (tab === 'settings') await loadSettings()
  if (tab === 'rules') await loadRules()
  if (tab === 'members') forgetMember()
}

async function enter() {
  $('sign-in').hidden = true
  $('tabs').hidden = false
  $('leave').hidden = false
  await show('stores')
}

/** The page begins anew, so that nothing of what it showed is left in it; `why` is said then. */
function leave(why) {
  sessionStorage.removeItem('token')
  if (why) sessionStorage.setItem('why', why)
  for (const part of document.querySelectorAll('main > section:not(#sign-in)')) part.replaceChildren()
  location.reload()
}

function speak() {
  document.documentElement.lang = english ? 'en' : 'zh-CN'
  for (const element of document.querySelectorAll('[data-say]')) element.textContent = say(element.dataset.say)
  $('language').textContent = english ? '中文' : 'English'
  $('language').lang = english ? 'zh-CN' : 'en'
  if ($('tabs').hidden) return
  if (tab === 'stores') drawStores()
  if (tab === 'settings') drawSettings()
  if (tab === 'rules') drawRules()
  if (tab === 'members') drawMember()
}

$('language').addEventListener('click', () => {
  english = !english
  sessionStorage.setItem('language', english ? 'en' : 'zh')
  speak()
})
$('leave').addEventListener('click', safely(async () => {
  if (await mayLeave()) leave()
}))
$('token-form').addEventListener('submit', safely(async () => {
  sessionStorage.setItem('token', $('token').value.trim())
  await ask('/hq/v1/standings')
  $('token').value = ''
  await enter()
}))
for (const button of $('tabs').children) {
  button.addEventListener('click', safely(async () => {
    if (await mayLeave()) {
      draft = structuredClone(saved)
      await show(button.dataset.tab)
    }
  }))
}
$('target').addEventListener('change', safely(async () => {
  const wish = $('target').value
  if (await mayLeave()) {
    target = wish
    await loadSettings()
  } else {
    $('target').value = target
  }
}))
$('settings-form').addEventListener('submit', safely(saveSettings))
$('discard').addEventListener('click', () => {
  draft = structuredClone(saved)
  drawFields()
})
$('older').addEventListener('click', safely(async () => {
  const page = await ask(`${base()}/revisions?limit=10&before=${before}`)
  history.push(...page.revisions)
  before = page.next
  drawHistory()
}))
$('add-rule').addEventListener('click', () => chooseRule({ id: '', name: '', goods: { any: [{ sku: '' }] }, steps: [{ reward: { units: { rate: 9000 } } }] }))
$('check-rule').addEventListener('click', safely(checkRule))
$('rule-form').addEventListener('submit', safely(saveRule))
$('remove-rule').addEventListener('click', safely(removeRule))
$('cart-form').addEventListener('submit', safely(priceCart))
$('find-form').addEventListener('submit', safely(findMember))
$('adjust-form').addEventListener('submit', safely(adjustMember))
setInterval(safely(async () => {
  if (!$('tabs').hidden && document.visibilityState === 'visible' && tab !== 'rules' && tab !== 'members') await loadStandings()
}), 5000)

speak()
const why = sessionStorage.getItem('why')
sessionStorage.removeItem('why')
if (why) tell(new Error(say(why)))
if (sessionStorage.getItem('token')) safely(enter)()
