// Views as a daemon would say them, for pages of the browser suite that are fed, and what such pages are asked.
export const cny = (amount) => ({ amount, currency: 'CNY' })
export const nothing = cny(0)
export const MINUTE_MS = 60_000

export const ago = (ms) => new Date(Date.now() - ms).toISOString()
export const rightsOf = (more = {}) => ({
  payments: [],
  redemptions: [],
  looking_up: [],
  left: cny(30_717),
  balance: nothing,
  hold: 'free',
  can_charge: true,
  ...more,
})

export const base = {
  boot: 'b',
  revision: 1,
  build: '0',
  now: new Date().toISOString(),
  store: { code: 'SH001', name: '示范店', utc_offset_minutes: 480 },
  workstation: { number: 1, name: '1号台', kind: 'till' },
}
export const line = (at, name, amount) => ({
  id: `line-${at}`,
  sku: `SKU-${at}`,
  code: `095200110010${at}`,
  name,
  spec: '',
  unit: 'piece',
  quantity_milli: 1_000,
  list_price: cny(amount),
  list: cny(amount),
  amount: cny(amount),
  saved: nothing,
  adjustments: [],
  gift_units: 0,
  label: false,
})
export const cart = {
  order_id: '019a0000-0000-7000-8000-0000000000aa',
  revision: 7,
  pieces: 2,
  lines: [line(1, '羊毛混纺针织衫', 25_900), line(2, '真皮卡包', 4_817)],
  newest_line_id: 'line-2',
  list: cny(30_717),
  saved: nothing,
  total: cny(30_717),
  adjustments: [],
  hints: [],
}
export const tenderOf = (due) => ({
  total: cart.total,
  cash: { rounding: nothing, due: cny(due) },
  notes: [due, 31_000, 35_000, 40_000, 50_000].map(cny),
  ways: ['cash', 'code', 'voucher', 'member'],
})
export const operatorView = (phase, rights, more = {}) => ({
  ...base,
  operator: { number: '1001', name: '李静', role: 'manager' },
  business_date: '2026-11-21',
  training: false,
  phase,
  cart,
  tender: phase === 'tender' ? tenderOf(rights?.left.amount ?? cart.total.amount) : null,
  rights,
  member: null,
  coupons: [],
  last_order: null,
  last_scan: null,
  link: {
    mall: 'up',
    outbox: 0,
    outbox_oldest_at: null,
    replica: { version: 1, updated_at: base.now },
  },
  notices: [],
  ...more,
})
export const customerView = (phase, more = {}) => ({ ...base, phase, ...more })

export const customerTender = (left) => ({
  total: cart.total,
  left: cny(left),
  rounding: nothing,
  due: cny(left),
  saved: nothing,
})

/** Keys of a part that are smaller than a finger. */
export const small = (page, part) =>
  page.evaluate((selector) => {
    const unit = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--u'))
    const least = 48 * unit - 1
    return Array.from(document.querySelectorAll(selector), (one) => one.getBoundingClientRect())
      .filter(({ width, height }) => width < least || height < least)
      .map(
        ({ width, height }) =>
          `${Math.round(width)}×${Math.round(height)}, not ${Math.round(least)}`,
      )
  }, part)

/** Everything that the page sent to an address since, with its bodies; each is answered with the view as it is, or as it is made of what was sent. */
export async function listen(fed, pattern, view) {
  const heard = []
  await fed.route(pattern, async (route) => {
    const request = route.request()
    heard.push([request.method(), new URL(request.url()).pathname, request.postDataJSON()])
    const answer = typeof view === 'function' ? view(request.postDataJSON()) : view
    await route.fulfill({ json: answer })
  })
  return heard
}
