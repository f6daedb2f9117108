import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { DisplayCart, DisplayLine } from '../api/types'
import CustomerAbacus from './CustomerAbacus.vue'
import CustomerCart from './CustomerCart.vue'
import CustomerPaid from './CustomerPaid.vue'
import CustomerTender from './CustomerTender.vue'
import CustomerWait from './CustomerWait.vue'

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })
const AMOUNTS: readonly [number, string][] = [
  [0, '¥0.00'],
  [1, '¥0.01'],
  [-1, '−¥0.01'],
  [9_999_999_999, '¥99,999,999.99'],
]

const line = (at: number): DisplayLine => ({
  id: `line-${at}`,
  name: `商品${at}`,
  spec: '',
  unit: 'piece',
  quantity_milli: 1_000,
  list_price: cny(100),
  list: cny(100),
  amount: cny(100),
  saved: cny(0),
  adjustments: [],
  gift_units: 0,
  source: 'till',
})
const cart = (lines: DisplayLine[], total: number): DisplayCart => ({
  pieces: lines.length,
  lines,
  newest_line_id: lines.at(-1)?.id ?? null,
  saved: cny(0),
  total: cny(total),
  adjustments: [],
  hints: [],
})

describe.each(AMOUNTS)('%d fen', (amount, text) => {
  it('as the total of the cart', () => {
    const wrapper = mount(CustomerCart, { props: { cart: cart([line(1)], amount) } })
    expect(wrapper.get('[data-test=due]').text()).toBe(text)
  })
  it('as what is to be paid', () => {
    const due = cny(amount)
    const tender = { total: due, left: due, rounding: cny(0), due, saved: cny(0) }
    expect(mount(CustomerTender, { props: { tender } }).get('[data-test=due]').text()).toBe(text)
  })
  it('as the change', () => {
    const paid = {
      order_id: 'o',
      receipt_number: 'SH001-1-261121-0001',
      completed_at: '2026-11-21T10:00:00Z',
      tendered: [{ kind: 'cash' as const, amount: cny(10_000) }],
      change: cny(amount),
      total: cny(100),
      rounding: cny(0),
      saved: cny(0),
    }
    expect(
      mount(CustomerPaid, { props: { paid, offset: 480 } })
        .get('[data-test=change]')
        .text(),
    ).toBe(text)
  })
})

describe('the cart', () => {
  const lines = Array.from({ length: 40 }, (_, at) => line(at))

  it('shows the newest line large and the five before it, youngest first', () => {
    const wrapper = mount(CustomerCart, { props: { cart: cart(lines, 4_000) } })
    expect(wrapper.get('.newest .name').text()).toBe('商品39')
    expect(wrapper.findAll('.line .item').map((one) => one.text())).toEqual([
      '商品38',
      '商品37',
      '商品36',
      '商品35',
      '商品34',
    ])
    expect(wrapper.get('.more').text()).toContain('34')
  })

  it('takes the line that was counted up as the newest, though it is an old one', () => {
    const again = { ...cart(lines, 4_000), newest_line_id: 'line-3' }
    expect(
      mount(CustomerCart, { props: { cart: again } })
        .get('.newest .name')
        .text(),
    ).toBe('商品3')
  })

  it('has one heading of the first rank', () => {
    expect(mount(CustomerCart, { props: { cart: cart(lines, 1) } }).findAll('h1')).toHaveLength(1)
  })
})

describe('what was saved', () => {
  const gift = {
    ...line(2),
    quantity_milli: 2_000,
    list: cny(200),
    saved: cny(100),
    gift_units: 1,
    adjustments: [{ name: '满赠', amount: cny(100) }],
  }
  const offers: DisplayCart = {
    ...cart([{ ...line(1), adjustments: [{ name: '会员价', amount: cny(5) }] }, gift], 200),
    saved: cny(105),
    adjustments: [
      { name: '会员价', lane: 'price', saved: cny(5) },
      { name: '满赠', lane: 'order', saved: cny(100) },
    ],
    hints: ['再买 12.00 元减 20.00'],
  }

  it('stands with the newest line: by what, how much, and the amount before', () => {
    const newest = mount(CustomerCart, { props: { cart: offers } }).get('.newest')
    expect(newest.get('.why').text()).toBe('赠品 ×\u20091满赠−¥1.00¥2.00')
    expect(newest.get('s').text()).toBe('¥2.00')
  })

  it('stands with the lines before it', () => {
    const wrapper = mount(CustomerCart, { props: { cart: offers } })
    expect(wrapper.get('.line .why').text()).toBe('会员价−¥0.05')
    expect(wrapper.find('.line s').exists()).toBe(false)
  })

  it('stands beside the total for each rule, in all, and with what is missing to the next', () => {
    const wrapper = mount(CustomerCart, { props: { cart: offers } })
    const rows = (name: string) =>
      wrapper.findAll(`[data-test=${name}] li`).map((one) => one.text())
    expect(rows('reductions')).toEqual(['会员价−¥0.05', '满赠−¥1.00'])
    expect(rows('hints')).toEqual(['再买 12.00 元减 20.00'])
    expect(wrapper.get('[data-test=saved]').text()).toBe('¥1.05')
  })

  it('is not spoken of when nothing was saved', () => {
    const wrapper = mount(CustomerCart, { props: { cart: cart([line(1)], 100) } })
    expect(wrapper.text()).not.toMatch(/已省|赠品/)
    for (const part of ['saved', 'reductions', 'hints', 'was'])
      expect(wrapper.find(`[data-test=${part}]`).exists()).toBe(false)
  })

  it('is said while the shopper pays and when it is paid', () => {
    const tender = {
      total: cny(200),
      left: cny(200),
      rounding: cny(0),
      due: cny(200),
      saved: cny(105),
    }
    const paid = {
      order_id: 'o',
      receipt_number: 'SH001-1-261121-0001',
      completed_at: '2026-11-21T10:00:00Z',
      tendered: [],
      change: cny(0),
      total: cny(200),
      rounding: cny(0),
      saved: cny(105),
    }
    const wrappers = [
      mount(CustomerTender, { props: { tender } }),
      mount(CustomerPaid, { props: { paid, offset: 480 } }),
    ]
    for (const wrapper of wrappers) expect(wrapper.get('[data-test=saved]').text()).toBe('¥1.05')
  })
})

describe('while somebody pays', () => {
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
  const wait = (step: 'asking' | 'confirm' | 'redeeming', ms: number) =>
    mount(CustomerWait, {
      props: {
        wait: {
          step,
          method: step === 'redeeming' ? null : 'wechat',
          amount: cny(1_200),
          since: ago(ms),
        },
      },
    })

  it.each([
    ['asking', '正在收款'],
    ['confirm', '请在手机上确认'],
    ['redeeming', '正在核销券'],
  ] as const)('%s is said as a step, with the amount and the seconds', (step, words) => {
    const wrapper = wait(step, 7_000)
    expect(wrapper.get('h1').text()).toBe(words)
    expect(wrapper.get('[data-test=due]').text()).toBe('¥12.00')
    expect(wrapper.text()).toContain('7 秒')
  })

  it('no time makes it a failure', () => {
    for (const ms of [0, 60_000, 86_400_000])
      expect(wait('asking', ms).text()).not.toMatch(/失败|未付|没有成功/)
    expect(wait('asking', 60_000).text()).toContain('还没有结果')
  })
})

it('a part that is covered leaves the rest to pay, beside the total', () => {
  const tender = { total: cny(300), left: cny(200), rounding: cny(0), due: cny(200), saved: cny(0) }
  const wrapper = mount(CustomerTender, { props: { tender } })
  expect(wrapper.get('h1').text()).toBe('还需付')
  expect(wrapper.get('[data-test=due]').text()).toBe('¥2.00')
  expect(wrapper.get('[data-test=total]').text()).toBe('¥3.00')
})

describe('the seal', () => {
  const paidBy = (...kinds: ('cash' | 'wechat' | 'voucher')[]) =>
    mount(CustomerPaid, {
      props: {
        offset: 480,
        paid: {
          order_id: 'o',
          receipt_number: 'SH001-1-261121-0001',
          completed_at: '2026-11-21T10:00:00Z',
          tendered: kinds.map((kind) => ({ kind, amount: cny(100) })),
          change: cny(0),
          total: cny(100),
          rounding: cny(0),
          saved: cny(0),
        },
      },
    })

  it('names the one way it was paid in', () => {
    expect(paidBy('wechat').get('.seal .note').text()).toBe('微信支付')
    expect(paidBy('voucher', 'cash').get('.seal .note').text()).toBe('18:00')
  })

  it('stands over what was paid where no cash was, and over the change where some was', () => {
    expect(paidBy('wechat').find('[data-test=change]').exists()).toBe(false)
    expect(paidBy('wechat').get('[data-test=paid]').text()).toBe('¥1.00')
    expect(paidBy('wechat', 'cash').get('[data-test=change]').text()).toBe('¥0.00')
  })
})

it('the abacus shows a digit with as many beads at the beam', () => {
  const wrapper = mount(CustomerAbacus, { props: { digits: '0947' } })
  const y = wrapper
    .findAll('.bead')
    .map((bead) => Number(/ (\d+)\)/.exec(bead.attributes('transform') ?? '')?.[1]))
  const rods = Array.from({ length: 4 }, (_, rod) => y.slice(rod * 5, rod * 5 + 5))
  const value = ([upper = 0, ...lower]: number[]) =>
    (upper > 20 ? 5 : 0) + lower.filter((at, index) => at === 53 + index * 13).length
  expect(rods.map(value)).toEqual([0, 9, 4, 7])
})
