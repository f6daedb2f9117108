import { mount } from '@vue/test-utils'
import { computed, ref, shallowRef } from 'vue'
import { describe, expect, it } from 'vitest'
import type { CartLine } from '../api/types'
import SellLine from './sell/SellLine.vue'
import TenderCash from './tender/TenderCash.vue'
import TenderDone from './tender/TenderDone.vue'
import TenderWays from './tender/TenderWays.vue'
import { TILL, type Till } from './till'

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })
const AMOUNTS: readonly [number, string][] = [
  [0, '¥0.00'],
  [1, '¥0.01'],
  [-1, '−¥0.01'],
  [9_999_999_999, '¥99,999,999.99'],
]

/** As much of a till as these parts read. */
function tillWith(view: object): Till {
  const line = { text: ref(''), clear: () => {} }
  return {
    view: shallowRef(view),
    line,
    noteAt: ref(0),
    phase: computed(() => 'tender'),
    desk: { rights: shallowRef(null), asked: ref(null) },
    mayPostVoid: computed(() => false),
  } as unknown as Till
}
const store = { code: 'SH001', name: '示范店', utc_offset_minutes: 480 }
const link = { mall: 'up' }
const provide = (view: object) => ({
  global: { provide: { [TILL as symbol]: tillWith({ store, link, ...view }) } },
})

describe.each(AMOUNTS)('%d fen', (amount, text) => {
  it('as the amount of a line', () => {
    const line: CartLine = {
      id: 'a',
      sku: 'A',
      code: '6901',
      name: '甲',
      spec: 'M',
      unit: 'piece',
      quantity_milli: 1_000,
      list_price: cny(amount),
      list: cny(amount),
      amount: cny(amount),
      saved: cny(0),
      adjustments: [],
      gift_units: 0,
      source: 'till',
      label: false,
    }
    const wrapper = mount(SellLine, { props: { line, selected: true }, ...provide({}) })
    expect([wrapper.get('.price').text(), wrapper.get('.amount').text()]).toEqual([text, text])
  })

  it('as the change of a completed order', () => {
    const last = {
      receipt: 'sent',
      receipt_number: 'SH001-1-1',
      completed_at: '2026-11-21T10:00:00Z',
      tendered: [{ kind: 'cash', amount: cny(10_000) }],
      change: cny(amount),
    }
    const wrapper = mount(TenderDone, provide({ last_order: last }))
    expect(wrapper.get('[data-test=change]').text()).toBe(text)
  })
})

describe('the preview of the change', () => {
  const tender = {
    total: cny(30_717),
    cash: { rounding: cny(-7), due: cny(30_710) },
    notes: [cny(30_710), cny(31_000)],
    ways: ['cash', 'code', 'voucher', 'member'],
  }
  const shown = (received: number | null) => {
    const props = { received: received === null ? null : cny(received) }
    const wrapper = mount(TenderCash, { props, ...provide({ tender }) })
    return wrapper.get('.change').text()
  }
  it('is what is left', () => expect(shown(40_000)).toBe('找零¥92.90'))
  it('is nothing when it is exact', () => expect(shown(30_710)).toBe('找零¥0.00'))
  it('is what is missing, without a sign', () => expect(shown(30_709)).toBe('还差¥0.01'))
  it('is no amount when nothing was received', () => expect(shown(null)).toBe('找零'))
})

it('ways to pay stand in the order that HQ wants, and how things stand comes first', () => {
  const tender = {
    total: cny(100),
    cash: { rounding: cny(0), due: cny(100) },
    notes: [],
    ways: ['code', 'member', 'cash', 'voucher'],
  }
  const shown = (cash: boolean) =>
    mount(TenderWays, { props: { cash }, ...provide({ tender }) })
      .findAll('.ways > [data-test]')
      .map((way) => way.attributes('data-test'))
      .filter((way) => way !== 'away')
  expect(shown(true)).toEqual(['code', 'member-key', 'cash', 'redeem'])
  expect(shown(false)).toEqual(['cash', 'code', 'member-key', 'redeem'])
})
