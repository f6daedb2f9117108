import { mount } from '@vue/test-utils'
import { computed, nextTick, ref, shallowRef } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Cart, CartLine } from '../api/types'
import SellLine from './sell/SellLine.vue'
import SellLines from './sell/SellLines.vue'
import SellSavings from './sell/SellSavings.vue'
import TenderSide from './tender/TenderSide.vue'
import { TILL, type Till } from './till'

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })

const lineOf = (more: Partial<CartLine> = {}): CartLine => ({
  id: 'a',
  sku: 'FD1001',
  code: '6901',
  name: '橘子汽水',
  spec: '330ml',
  unit: 'piece',
  quantity_milli: 2_000,
  list_price: cny(350),
  list: cny(700),
  amount: cny(700),
  saved: cny(0),
  adjustments: [],
  gift_units: 0,
  source: 'till',
  label: false,
  ...more,
})
const reduced = lineOf({
  amount: cny(525),
  saved: cny(175),
  adjustments: [{ name: '第二件半价', amount: cny(175) }],
})
const cartOf = (more: Partial<Cart> = {}): Cart => ({
  order_id: 'order',
  revision: 1,
  pieces: 2,
  lines: [reduced],
  newest_line_id: 'a',
  list: cny(700),
  saved: cny(175),
  total: cny(525),
  adjustments: [{ name: '第二件半价', lane: 'group', saved: cny(175) }],
  approvals: [],
  hints: ['再买 12.00 元减 20.00'],
  ...more,
})

/** As much of a till as these parts read. */
function tillWith(view: object, phase: string, lines: CartLine[] = []) {
  const all = shallowRef(lines)
  const till = {
    view: shallowRef(view),
    phase: computed(() => phase),
    lines: all,
    selected: computed(() => all.value[0] ?? null),
    selectedId: ref(null),
    spoken: ref(null),
    desk: { rights: shallowRef(null), waiting: shallowRef(null), asked: ref(null) },
    mayPostVoid: computed(() => false),
    waiting: ref(0),
  } as unknown as Till
  return { all, options: { global: { provide: { [TILL as symbol]: till } } } }
}
const lineText = (line: CartLine) =>
  mount(SellLine, { props: { line, selected: false }, ...tillWith({}, 'sell').options })

describe('a line', () => {
  it('says by what it was reduced, how much, and what it was before', () => {
    const wrapper = lineText(reduced)
    expect(wrapper.get('.reduction').text()).toBe('第二件半价−¥1.75')
    expect(wrapper.get('s').text()).toBe('原价¥7.00')
    expect(wrapper.get('.amount').text()).toBe('¥5.25')
  })

  it('without a reduction strikes nothing', () => {
    const wrapper = lineText(lineOf())
    expect([wrapper.find('s').exists(), wrapper.find('.reduction').exists()]).toEqual([
      false,
      false,
    ])
  })

  it('counts the reductions that it has no room to name', () => {
    const adjustments = ['会员价', '第二件半价', '满减', '优惠券'].map((name) => ({
      name,
      amount: cny(10),
    }))
    const wrapper = lineText(lineOf({ saved: cny(40), adjustments }))
    expect(wrapper.findAll('.reduction .name').map((one) => one.text())).toEqual([
      '会员价',
      '第二件半价',
    ])
    expect(wrapper.get('.untold').text()).toBe('另 2 项')
  })

  it.each([
    [0, null],
    [1, '赠品 ×\u20091'],
    [2, '赠品'],
  ])('with %d gifts of two pieces is marked %s', (gift_units, text) => {
    const tag = lineText(lineOf({ gift_units })).find('[data-test=gift]')
    expect(tag.exists() ? tag.text() : null).toBe(text)
  })

  it('is drawn again when only its reductions have changed', async () => {
    const { all, options } = tillWith({ last_order: null }, 'sell', [reduced])
    const wrapper = mount(SellLines, options)
    all.value = [{ ...reduced, adjustments: [{ name: '会员价', amount: cny(175) }] }]
    await nextTick()
    expect(wrapper.get('.reduction').text()).toBe('会员价−¥1.75')
    all.value = [lineOf()]
    await nextTick()
    expect(wrapper.find('.reduction').exists()).toBe(false)
  })
})

describe('beside the total', () => {
  it('stand what was saved in all, by each rule, and the next threshold', () => {
    const wrapper = mount(SellSavings, { props: { cart: cartOf(), hints: true } })
    expect(wrapper.get('[data-test=saved]').text()).toBe('已省¥1.75')
    expect(wrapper.get('[data-test=reductions]').text()).toBe('第二件半价−¥1.75')
    expect(wrapper.get('[data-test=hints]').text()).toBe('再买 12.00 元减 20.00')
  })

  it('stands nothing when nothing was saved and nothing is near', () => {
    const cart = cartOf({ saved: cny(0), adjustments: [], hints: [] })
    expect(mount(SellSavings, { props: { cart, hints: true } }).text()).toBe('')
  })

  it('no threshold is offered while the shopper pays', () => {
    const tender = {
      total: cny(525),
      cash: { rounding: cny(0), due: cny(525) },
      notes: [],
      ways: [],
    }
    const link = { mall: 'up', outbox: 0, outbox_oldest_at: null, replica: null }
    const view = { cart: cartOf(), tender, last_order: null, link, notices: [] }
    const wrapper = mount(TenderSide, {
      props: { received: null },
      ...tillWith(view, 'tender').options,
    })
    expect(wrapper.find('[data-test=hints]').exists()).toBe(false)
    expect(wrapper.get('[data-test=saved]').text()).toBe('已省¥1.75')
  })

  it('a completed order still says what it saved', () => {
    const link = { mall: 'up', outbox: 0, outbox_oldest_at: null, replica: null }
    const last_order = {
      total: cny(525),
      saved: cny(175),
      rounding: cny(0),
      tendered: [],
      pieces: 2,
    }
    const view = { cart: null, tender: null, last_order, link, notices: [] }
    const wrapper = mount(TenderSide, {
      props: { received: null },
      ...tillWith(view, 'done').options,
    })
    expect(wrapper.get('[data-test=saved]').text()).toBe('¥1.75')
  })
})
