import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import UiMoney from './UiMoney.vue'

const AMOUNTS: readonly [number, string][] = [
  [0, '¥0.00'],
  [1, '¥0.01'],
  [-1, '−¥0.01'],
  [9_999_999_999, '¥99,999,999.99'],
]

describe('an amount on the screen', () => {
  it.each(AMOUNTS)('%d fen reads %s, without a space a copy would carry', (amount, text) => {
    const wrapper = mount(UiMoney, { props: { money: { amount, currency: 'CNY' as const } } })
    expect(wrapper.text()).toBe(text)
  })

  it('knows how many characters must fit', () => {
    const money = { amount: 9_999_999_999, currency: 'CNY' as const }
    const wrapper = mount(UiMoney, { props: { money, fit: true, rule: true } })
    expect(wrapper.find('.inner').attributes('style')).toContain('--characters: 14')
    expect(wrapper.classes()).toEqual(expect.arrayContaining(['fit', 'rule']))
  })
})
