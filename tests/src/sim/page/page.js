'use strict'
// Shows the state of the platforms and posts orders to them; it computes nothing but yuan of fen.

const TEXTS = {
  title: ['平台模拟器', 'Simulated platforms'],
  turn15: ['拨快 15 秒', 'Clock +15 s'],
  turn3600: ['拨快 1 小时', 'Clock +1 h'],
  silent: ['模拟器没有应答：它可能已停止。', 'The simulator does not answer: it may have stopped.'],
  wrongs: ['违规：门店或商城做了绝不能做的事', 'Violations: store or mall did what none may do'],
  issue: ['发放', 'Issue'],
  wechatCode: ['微信付款码', 'WeChat payment code'],
  alipayCode: ['支付宝付款码', 'Alipay payment code'],
  voucher: ['抖音团购券', 'Douyin voucher'],
  coupon: ['微信商家券', 'WeChat coupon'],
  guest: ['顾客会', 'The guest'],
  script: ['核销时', 'When redeemed'],
  name: ['名称', 'Name'],
  paid: ['售价', 'Paid'],
  worth: ['面值', 'Worth'],
  count: ['张数', 'Count'],
  minimum: ['满', 'From'],
  discount: ['减', 'Off'],
  member: ['会员码（138****5678）', 'Member code (138****5678)'],
  brandCoupon: ['品牌优惠券', "The brand's coupon"],
  pickup: ['网店自提单', 'Online order for pickup'],
  nextPickup: ['下一笔自提单', 'Next pickup'],
  show: ['出示给收银员', 'Show it to the operator'],
  fault: ['故障', 'Faults'],
  door: ['何时', 'When'],
  what: ['发生', 'What'],
  plan: ['安排', 'Plan it'],
  phone: ['顾客的手机', "The guest's phone"],
  hint: ['先在左侧选择要出示什么，再用扫码枪扫，或复制后粘贴到收银台。', 'Choose on the left what to show; scan it, or copy and paste it at the workstation.'],
  copy: ['复制', 'Copy'],
  copied: ['已复制', 'Copied'],
  refresh: ['刷新二维码', 'New QR'],
  messages: ['短信', 'Messages'],
  issued: ['已发放', 'Issued'],
  books: ['平台账本', "The platforms' books"],
  entries: ['流水', 'Entries'],
  trades: ['收款单', 'Charges'],
  used: ['已用', 'used'],
  unused: ['未用', 'not used'],
  total: ['合计', 'Total'],
}
const HEADS = {
  balances: [['平台', 'Platform'], ['已收', 'Charged'], ['已撤销', 'Reversed'], ['已退', 'Refunded'], ['净额', 'Held'], ['核销', 'Redeemed']],
  entries: [['时间', 'Time'], ['平台', 'Platform'], ['事项', 'Deed'], ['号', 'Number'], ['金额', 'Amount']],
  trades: [['平台', 'Platform'], ['号', 'Number'], ['状态', 'Standing'], ['金额', 'Amount']],
}
const WORDS = {
  douyin: ['抖音', 'Douyin'], wechat: ['微信', 'WeChat'], alipay: ['支付宝', 'Alipay'],
  charge: ['收款', 'charge'], reversal: ['撤销', 'reversal'], refund: ['退款', 'refund'],
  redemption: ['核销', 'redemption'], restitution: ['退券', 'given back'],
  paying: ['输入密码中', 'paying'], unpaid: ['未支付', 'not paid'], paid: ['已支付', 'paid'],
  failed: ['失败', 'failed'], closed: ['已关闭', 'closed'], reversed: ['已撤销', 'reversed'],
  second_charge: ['前一笔未定就再次收款', 'second charge before the first was decided'],
  key_reused: ['同一幂等号，内容不同', 'one key, another body'], bad_call: ['错误的调用', 'bad call'],
}
const OPTIONS = {
  behaviours: [
    [{ kind: 'pays' }, '立即付款', 'pays at once'],
    [{ kind: 'paying_then_pays', polls: 2 }, '输入密码后付款', 'types a password, then pays'],
    [{ kind: 'paying_then_fails', polls: 2 }, '输入密码后放弃', 'types, then gives up'],
    [{ kind: 'never_pays' }, '一直不付', 'never pays'],
    [{ kind: 'balance_short' }, '余额不足', 'has too little money'],
    [{ kind: 'expired' }, '出示过期的码', 'shows a code that is too old'],
    [{ kind: 'error_but_paid' }, '付了，平台说不知道', 'pays; the platform does not know'],
    [{ kind: 'error_unpaid' }, '没付，平台说不知道', 'does not pay; the platform does not know'],
    [{ kind: 'cut_before' }, '平台收到前断线', 'line cut before the platform hears'],
    [{ kind: 'cut_after' }, '付款后断线', 'line cut after paying'],
  ],
  scripts: [
    [{ kind: 'good' }, '成功', 'goes well'],
    [{ kind: 'busy_then_good', times: 1 }, '先繁忙一次', 'busy once first'],
    [{ kind: 'busy_but_done' }, '已核销却说繁忙', 'done, but answered busy'],
    [{ kind: 'refuses_verify', code: 2119006, text: '券正在转赠中' }, '转赠中', 'being gifted'],
    [{ kind: 'refuses_code', result: 1265, text: '包含已退款的券' }, '已退款', 'refunded by the guest'],
    [{ kind: 'refuses_prepare', code: 1229, text: '风控审核中' }, '风控审核中', 'under review'],
  ],
  refusals: [
    [null, '成功', 'goes well'],
    [{ status: 400, code: 'INVALID_REQUEST', message: '该券不在可用时间内' }, '不在可用时间', 'not in its period'],
    [{ status: 500, code: 'SYSTEM_ERROR', message: '系统错误' }, '系统错误', 'system error'],
  ],
  doors: [
    [{ platform: 'wechat', operation: 'charge' }, '下一次微信收款', 'Next WeChat charge'],
    [{ platform: 'alipay', operation: 'charge' }, '下一次支付宝收款', 'Next Alipay charge'],
    [{ platform: 'douyin', operation: 'verify' }, '下一次抖音核销', 'Next Douyin redemption'],
    [{ platform: 'wechat', operation: 'use' }, '下一次商家券核销', 'Next WeChat coupon'],
  ],
  faults: [
    [{ kind: 'cut_before' }, '处理前断线', 'line cut before it is done'],
    [{ kind: 'cut_after' }, '处理后断线', 'line cut after it is done'],
    [{ kind: 'delay_after', ms: 10000 }, '10 秒后才应答', 'answered 10 s late'],
    [{ kind: 'html_before', status: 502 }, '502 网页', '502 page'],
    [{ kind: 'wrong_signature' }, '签名错误', 'wrong signature'],
    [{ kind: 'duplicate' }, '请求到达两次', 'call arrives twice'],
  ],
}

let language = localStorage.getItem('language') === 'en' ? 1 : 0
let shown = null
let seen = ''
let asked = 0

const $ = selector => document.querySelector(selector)
const t = key => TEXTS[key][language]
const word = key => (WORDS[key] ?? [key, key])[language]
const yuan = fen => `${fen < 0 ? '-' : ''}${Math.trunc(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, '0')}`

// '12.3' as 1230, without a float in between.
function fen(text) {
  const parts = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(text.trim())
  return parts ? Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0')) : NaN
}

function element(name, text, kind) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  if (kind) made.className = kind
  return made
}

async function call(method, path, body) {
  const answer = await fetch(`/api/${path}`, { method, headers: { 'content-type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.status === 204 ? null : answer.json()
}

function speak() {
  document.documentElement.lang = language ? 'en' : 'zh-CN'
  document.title = t('title')
  for (const one of document.querySelectorAll('[data-t]')) one.textContent = t(one.dataset.t)
  for (const list of document.querySelectorAll('[data-options]')) {
    const at = Math.max(list.selectedIndex, 0)
    list.replaceChildren(...OPTIONS[list.dataset.options].map(option => element('option', option[1 + language])))
    list.selectedIndex = at
  }
  for (const [id, heads] of Object.entries(HEADS)) {
    const isMoney = at => (id === 'balances' ? at > 0 : at === heads.length - 1)
    const row = element('tr')
    row.append(...heads.map((head, at) => element('th', head[language], isMoney(at) ? 'money' : '')))
    $(`#${id} thead`).replaceChildren(row)
  }
  if (shown) $('#kind').textContent = t(shown.label)
  const other = $('#language')
  other.textContent = language ? '中文' : 'English'
  other.lang = language ? 'zh-CN' : 'en'
  seen = ''
}

function rows(id, list) {
  $(`#${id} tbody`).replaceChildren(...list.map(cells => {
    const row = element('tr')
    row.append(...cells.map(cell => (cell.money === undefined ? element('td', cell) : element('td', cell.money, 'money'))))
    return row
  }))
}

async function show(item) {
  shown = item
  $('#kind').textContent = t(item.label)
  $('#code').textContent = item.text
  $('#hint').hidden = true
  $('#copy').hidden = false
  $('#copy').textContent = t('copy')
  $('#refresh').hidden = !item.order
  const answer = await fetch(`/qr?text=${encodeURIComponent(item.text)}`)
  if (answer.ok && shown === item) $('#qr').innerHTML = await answer.text()
  seen = ''
  await look()
}

function issued(state) {
  const codes = (list, label, platform) => list.map(one => ({ platform, label, text: one.code, what: one.code, state: one.used_by ? t('used') : t('unused') }))
  const vouchers = state.vouchers.map(one => ({ platform: 'douyin', label: 'voucher', text: one.issued.link, order: one.issued.order_id, what: `${one.voucher.title} · ${one.issued.codes.join(' ')}`, state: `${t('used')} ${one.used}/${one.issued.codes.length}` }))
  const coupons = state.coupons.map(one => ({ platform: 'wechat', label: 'coupon', text: one.coupon.code, what: `${one.coupon.name} · ${one.coupon.code}`, state: one.used ? t('used') : t('unused') }))
  return [...codes(state.wechat_codes, 'wechatCode', 'wechat'), ...codes(state.alipay_codes, 'alipayCode', 'alipay'), ...vouchers, ...coupons]
}

function draw(state) {
  $('#messages').replaceChildren(...state.messages.map(one => element('li', `${one.phone} · ${one.code}`)))
  $('#inbox').hidden = state.messages.length === 0
  $('#issued').replaceChildren(...issued(state).map(item => {
    const button = element('button')
    button.type = 'button'
    button.append(element('span', word(item.platform), `tag ${item.platform}`), element('span', item.what, 'what'), element('span', item.state, 'state'))
    button.setAttribute('aria-current', String(shown?.text === item.text))
    button.onclick = () => show(item)
    const line = element('li')
    line.append(button)
    return line
  }))
  const sums = [...state.balances.map(one => [word(one.platform), one.balance]), [t('total'), state.balance]]
  rows('balances', sums.map(([name, sum]) => [name, ...[sum.charged, sum.reversed, sum.refunded, sum.held].map(n => ({ money: yuan(n) })), { money: `${sum.redeemed_count} / ${yuan(sum.redeemed)}` }]))
  const time = at => new Date(at * 1000).toLocaleTimeString(language ? 'en-GB' : 'zh-CN', { hour12: false, timeZone: 'Asia/Shanghai' })
  rows('entries', state.ledger.slice(-100).reverse().map(one => [time(one.at), word(one.platform), word(one.deed), one.number, { money: yuan(one.fen) }]))
  const trades = [...state.wechat_trades.map(one => ['wechat', one]), ...state.alipay_trades.map(one => ['alipay', one])]
  rows('trades', trades.slice(-100).map(([platform, one]) => [word(platform), one.number, word(one.standing), { money: yuan(one.fen) }]))
  $('#planned').replaceChildren(...state.faults.map(one => element('li', `${door(one)} · ${fault(one.fault)} × ${one.times}`)))
  $('#wrongs').hidden = state.violations.length === 0
  $('#wrongs ul').replaceChildren(...state.violations.slice(-20).map(one => element('li', `${word(one.platform)} · ${word(one.wrong)} · ${one.detail}`)))
}

// A plan may come from a program and name what the lists here do not.
function door(planned) {
  const known = OPTIONS.doors.find(([one]) => one.platform === planned.platform && one.operation === planned.operation)
  return known ? known[1 + language] : `${word(planned.platform)} ${planned.operation ?? ''}`
}

function fault(kind) {
  const known = OPTIONS.faults.find(([one]) => JSON.stringify(one) === JSON.stringify(kind))
  return known ? known[1 + language] : JSON.stringify(kind)
}

async function look() {
  const mine = ++asked
  try {
    const state = await call('GET', 'state')
    if (mine !== asked) return
    $('#silent').hidden = true
    $('#now').textContent = state.now.replace('T', ' ').replace('+08:00', '')
    const { now, ...rest } = state
    const text = JSON.stringify(rest)
    if (text !== seen) draw(state)
    seen = text
  } catch {
    $('#silent').hidden = false
  }
}

function order(form) {
  const body = {}
  for (const field of form.elements) {
    if (!field.name) continue
    if (field.dataset.options) body[field.name] = OPTIONS[field.dataset.options][field.selectedIndex][0]
    else if ('yuan' in field.dataset) body[field.name] = fen(field.value)
    else body[field.name] = field.type === 'number' ? Number(field.value) : field.value
    field.setCustomValidity?.(Number.isNaN(body[field.name]) ? '12.34' : '')
  }
  if (body.minimum_fen !== undefined) body.name = `满${yuan(body.minimum_fen)}减${yuan(body.discount_fen)}`
  return body
}

for (const form of document.querySelectorAll('form[data-issue]')) {
  form.onsubmit = async event => {
    event.preventDefault()
    const body = order(form)
    if (!form.reportValidity()) return
    const made = await call('POST', form.dataset.issue, body)
    const label = { 'wechat/codes': 'wechatCode', 'alipay/codes': 'alipayCode', 'douyin/vouchers': 'voucher', 'wechat/coupons': 'coupon', 'brand/members': 'member', 'brand/coupons': 'brandCoupon', orders: 'pickup' }[form.dataset.issue]
    await show({ label, text: made.link ?? made.code, order: made.order_id })
    if (made.digits) $('#kind').textContent += ` · ${made.number} · ${made.digits}`
  }
}
$('#fault').onsubmit = async event => {
  event.preventDefault()
  const { door, fault } = order(event.target)
  await call('POST', 'faults', [{ ...door, fault, times: 1 }])
  await look()
}
for (const button of document.querySelectorAll('[data-turn]')) {
  button.onclick = async () => { await call('POST', 'clock', { turn_seconds: Number(button.dataset.turn) }); await look() }
}
$('#refresh').onclick = async () => {
  const made = await call('POST', `douyin/vouchers/${shown.order}/refresh`, {})
  await show({ label: 'voucher', text: made.link, order: made.order_id })
}
$('#copy').onclick = async () => { await navigator.clipboard.writeText(shown.text); $('#copy').textContent = t('copied') }
$('#language').onclick = async () => { language = 1 - language; localStorage.setItem('language', language ? 'en' : 'zh'); speak(); await look() }

speak()
look()
setInterval(look, 1000)
