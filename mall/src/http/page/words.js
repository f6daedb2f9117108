// What the page says, in both languages.
// Invariant: no word stands anywhere else in the page's scripts.

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
  moveUp: ['上移', 'Up'], moveDown: ['下移', 'Down'], takeDown: ['取下', 'Take out'], pad: ['小键盘', 'Keypad'],
  wayCash: ['现金', 'cash'], payCode: ['付款码', 'payment code'], vouchers: ['券', 'vouchers'], member: ['会员', 'member'],
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
  // Replication: what stores tell, what they hear, and what HQ makes of it.
  troubles: ['异常', 'Troubles'], days: ['每日', 'Days'], commands: ['指令', 'Commands'], groups: ['门店组', 'Groups'],
  readsOnly: ['{0}（只读）', '{0} (reads only)'],
  more: ['更多', 'More'], search: ['编号或名称', 'Code or name'], show: ['查看', 'Show'], onlyAll: ['全部 {0}', 'All {0}'], onlyAway: ['离线 {0}', 'Offline {0}'], onlyTroubled: ['有异常 {0}', 'In trouble {0}'],
  up: ['上传', 'Told to HQ'], down: ['接收', 'Heard from HQ'], sealed: ['已封账', 'Sealed'], noneFound: ['没有符合条件的门店。', 'No store fits.'],
  waits: ['{0} 条待传', '{0} waiting'], waitsNone: ['没有待传', 'nothing waiting'], oldest: ['最早的等了 {0}', 'the oldest for {0}'], untold: ['门店没有说过', 'never said'],
  heldTo: ['已确认至第 {1} 条（第 {0} 生）', 'held to place {1} of life {0}'], saidAt: ['{0}前报告', 'said {0} ago'],
  goods: ['商品', 'Catalog'], ownRows: ['门店资料', 'Its own rows'], isNewest: ['{0}：最新（{1}）', '{0}: newest ({1})'], isBehind: ['{0}：{1}，总部是 {2}', '{0}: {1}, HQ has {2}'], hasNone: ['{0}：还没有', '{0}: none yet'],
  sealedSince: ['{0} 封账', 'sealed {0}'], sealedNone: ['两个月内没有', 'none in two months'],
  program: ['程序 {0}', 'program {0}'], certificate: ['证书到 {0}', 'certificate ends {0}'], certificateOver: ['证书已过期：{0}', 'certificate ended {0}'], noNode: ['还没有机器登记', 'no box enrolled'],
  act: ['马上处理', 'Act now'], look: ['今天查看', 'Look today'], watch: ['留意', 'Watch'], unclear: ['未知', 'Unknown'],
  allKinds: ['全部', 'All'], ofStore: ['只看门店', 'Only store'], allStores: ['看全部门店', 'Show all stores'],
  noTroubles: ['没有门店报告异常。', 'No store says that anything is wrong.'], noTroubleHere: ['没有符合条件的异常。', 'Nothing of this kind is wrong.'],
  lasts: ['已 {0}', 'for {0}'], times: ['{0} 项', '{0} of them'], what: ['情况', 'What'], safe: ['无需担心', 'Not in danger'], toDo: ['怎么处理', 'What to do'],
  saidBefore: ['门店现在离线；这是它 {0} 说的。', 'The store is offline now; it said so {0}.'],
  cases: ['待核对', 'Cases to look at'], noCases: ['没有需要核对的记录。', 'There is nothing to look at.'], casesOf: ['{0} 的待核对记录', 'Cases of {0}'],
  quarantined: ['已隔离', 'Quarantined'], conflict: ['冲突', 'Conflict'], hole: ['缺口', 'Hole'], price_drift: ['价格不符', 'Price differs'], discrepancy: ['支付不符', 'Payment differs'],
  coupon_used_twice: ['券用了两次', 'Coupon used twice'], coupon_unknown: ['券不存在', 'Unknown coupon'], points_beyond: ['积分超出', 'Points beyond'], balance_beyond: ['余额超出', 'Balance beyond'],
  chooseStore: ['先选一家门店。', 'Choose a store first.'], earlier: ['上个月', 'Month before'], later: ['下个月', 'Next month'],
  dayState_sealed: ['已封账', 'Sealed'], dayState_open: ['目前一致', 'Same so far'], dayState_differs: ['不一致', 'Differs'], dayState_never: ['还没有对账', 'Not compared'],
  nFacts: ['{0} 条', '{0} facts'], takenSum: ['收款', 'Taken'], givenBack: ['退回', 'Given back'], noDays: ['这个月没有记录。', 'Nothing is held of this month.'], reopened: ['重开 {0} 次', 'reopened {0}×'],
  nOrders: ['单数', 'Orders'], cashSum: ['现金（扣除找零）', 'Cash, change taken off'], undoneSum: ['作废 {0} 单', '{0} undone'], byLedger: ['账本', 'Ledger'], heldFacts: ['总部持有', 'Held at HQ'], leftOut: ['{0} 条不计', '{0} left out'],
  comparedAt: ['{0} 对账', 'compared {0}'], openedWhy_late: ['{0}：迟到的一条', '{0}: a fact came late'], openedWhy_differs: ['{0}：两边不一致', '{0}: the two sides differed'], seals: ['对账', 'Compared'], openings: ['重开', 'Reopened'],
  life: ['第 {0} 生', 'life {0}'], close: ['关闭', 'Close'],
  newGroup: ['新建门店组', 'New group'], groupKey: ['代号（小写字母、数字、-）', 'Key (small letters, digits, -)'], groupName: ['名称', 'Name'], rank: ['先后（大的优先）', 'Rank (higher stands over lower)'],
  inGroup: ['组内门店', 'Stores in it'], nStores: ['{0} 家', '{0} stores'], addStore: ['加入门店', 'Add a store'], add: ['加入', 'Add'], takeOut: ['移出 {0}', 'Take {0} out'], noGroups: ['还没有门店组。', 'There is no group yet.'], noMembers: ['组里还没有门店。', 'No store is in it.'],
  chooseGroup: ['从左边选一组。', 'Choose a group.'], changedBy: ['{0} 改于 {1}', 'changed by {0}, {1}'], saveGroup: ['保存', 'Save'], endGroup: ['解散这一组', 'End this group'], setGroup: ['设置这一组', 'Settings of this group'],
  sureGroup: ['保存门店组“{0}”？加入 {1} 家，移出 {2} 家。', 'Save the group {0}? {1} stores come in, {2} go out.'], sureEndGroup: ['解散“{0}”？它的门店改用其他设置；代号不能再用。', 'End {0}? Its stores go by other settings; its key is not given again.'],
  groupSaved: ['已保存，正在通知门店。', 'Saved; stores are being told.'], groupEnded: ['已解散。', 'It is ended.'], notAStore: ['没有编号为 {0} 的门店。', 'There is no store {0}.'],
  give: ['下达指令', 'Give a command'], to: ['发给', 'To'], oneStore: ['一家门店', 'One store'], oneGroup: ['一个门店组', 'A group'], command: ['指令', 'Command'], goodFor: ['有效', 'Good for'], send: ['发送', 'Send'],
  'look-again': ['马上同步', 'Look again'], 'take-snapshot': ['重新取全部资料', 'Fetch all anew'], 'report-state': ['汇报状态', 'Say how it is'], restart: ['重启程序', 'Restart the program'],
  about_look_again: ['立即上传待传的订单，并取总部的新资料。', 'It sends what waits and asks for what is new.'], about_take_snapshot: ['丢开现有资料，重新下载整份商品和门店资料。照常销售。', 'It downloads the whole catalog and its own rows again, and sells on meanwhile.'],
  about_report_state: ['门店回报线路、资料和设置的情况；不含会员、收银员和金额。', 'It tells of its line, its data and its settings; nothing of members, operators or money.'], about_restart: ['程序有序结束后由机器重新启动，收银台停顿几秒。', 'The program ends in order and is started again; tills pause for some seconds.'],
  fiveMinutes: ['5 分钟', '5 minutes'], oneHour: ['1 小时', '1 hour'], oneDay: ['1 天', '1 day'], sevenDays: ['7 天', '7 days'],
  sureCommand: ['让 {0} {1}？', '{1}: {0}?'], commandGiven: ['已发给 {0}。', 'Given to {0}.'], groupGiven: ['已发给 {0} 家门店。', 'Given to {0} stores.'], groupFull: ['这些门店等待的指令太多，没有发给：{0}', 'Too many commands wait there, not given to: {0}'],
  given: ['下达', 'Given'], way: ['经过', 'Its way'], noCommands: ['还没有下达过指令。', 'No command was given yet.'], viaGroup: ['经门店组 {0}', 'by the group {0}'], reply: ['门店的回答', "The store's answer"], goodUntil: ['{0} 前有效', 'good until {0}'], takenAt: ['{0} 取走', 'fetched {0}'], toldAt: ['{0} 回报', 'told {0}'],
  cmd_waiting: ['等门店来取', 'Waiting'], cmd_taken: ['门店已取走', 'Fetched'], cmd_done: ['已完成', 'Done'], cmd_failed: ['失败', 'Failed'], cmd_interrupted: ['中断了，不会再做', 'Interrupted, not done again'], cmd_expired: ['过期未做', 'Expired'], 'cmd_other-store': ['拒绝：不是给它的', 'Refused: for another store'], 'cmd_unknown-key': ['拒绝：不认识签名的密钥', 'Refused: key not known'], cmd_forged: ['拒绝：签名不符', 'Refused: forged'], cmd_unknown: ['拒绝：门店程序不认识', 'Refused: its program does not know it'],
  span_s: ['{0} 秒', '{0} s'], span_m: ['{0} 分钟', '{0} min'], span_h: ['{0} 小时', '{0} h'], span_d: ['{0} 天', '{0} days'],
  rankOf: ['先后 {0}', 'rank {0}'], cash: ['现金', 'Cash'], wechat: ['微信', 'WeChat'], alipay: ['支付宝', 'Alipay'], voucher: ['券', 'Voucher'], card: ['银行卡', 'Card'],
  mon: ['一', 'Mon'], tue: ['二', 'Tue'], wed: ['三', 'Wed'], thu: ['四', 'Thu'], fri: ['五', 'Fri'], sat: ['六', 'Sat'], sun: ['日', 'Sun'],
}

let isEnglish = sessionStorage.getItem('language') === 'en'

export const english = () => isEnglish
/** The other language from now on, also after the page is loaded anew. */
export function turn() {
  isEnglish = !isEnglish
  sessionStorage.setItem('language', isEnglish ? 'en' : 'zh')
}
export const knows = (key) => words[key] !== undefined
export const say = (key, ...values) => {
  const text = words[key]?.[isEnglish ? 1 : 0] ?? key
  return values.reduce((done, value, place) => done.replace(`{${place}}`, () => value), text)
}
export const sentence = (both) => (isEnglish ? both.en : both.zh)

const locale = () => (isEnglish ? 'en-GB' : 'zh-CN')
export const time = (text) => (text ? new Date(text).toLocaleString(locale(), { hour12: false }) : say('never'))
/** A moment without its year and seconds, for lists. */
export const moment = (text) => (text ? new Date(text).toLocaleString(locale(), { hour12: false, month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }) : say('never'))
export const date = (text) => new Date(text).toLocaleDateString(locale())
export const clock = () => new Date().toLocaleTimeString(locale(), { hour12: false })
export const monthName = (month) => new Date(`${month}-15T00:00:00Z`).toLocaleDateString(locale(), { year: 'numeric', month: 'long', timeZone: 'UTC' })
export const yuan = (fen) => `${fen < 0 ? '−' : ''}${Math.floor(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, '0')}`

/** How long ago something was, in its largest whole unit; a clock that is ahead says none. */
export function lasting(text, now = Date.now()) {
  const s = Math.max(0, Math.floor((now - new Date(text).getTime()) / 1000))
  if (s < 60) return say('span_s', s)
  if (s < 3600) return say('span_m', Math.floor(s / 60))
  if (s < 86_400 * 2) return say('span_h', Math.floor(s / 3600))
  return say('span_d', Math.floor(s / 86_400))
}
