import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import UiPanel from './UiPanel.vue'
import { UiButton, UiNumberPad, UiReduction, UiRows, UiSeal, UiStrip, UiTag } from './index'

it('a busy button says what it waits for instead of what it does', () => {
  const wrapper = mount(UiButton, {
    props: { busy: '正在记账…', cap: 'Enter' },
    slots: { default: '完成收款' },
  })
  expect(wrapper.text()).toBe('正在记账…')
  expect(wrapper.attributes('aria-busy')).toBe('true')
})

it('a refusal is an alert, anything milder a status', () => {
  const role = (tone: 'refuse' | 'ask') =>
    mount(UiStrip, { props: { tone, title: '小票纸用完' } }).attributes('role')
  expect([role('refuse'), role('ask')]).toEqual(['alert', 'status'])
})

it('the number pad says each key once, and erases by its own event', async () => {
  const wrapper = mount(UiNumberPad, {
    props: { label: '数字键盘', eraseLabel: '删一位', keys: ['7', '00'] },
  })
  for (const key of wrapper.findAll('button')) await key.trigger('click')
  expect(wrapper.emitted('press')).toEqual([['7'], ['00']])
  expect(wrapper.emitted('erase')).toHaveLength(1)
})

it('a seal has its word, and its note when there is one', () => {
  expect(mount(UiSeal, { props: { text: '已付', note: '21:04' } }).text()).toBe('已付21:04')
  expect(
    mount(UiSeal, { props: { text: '已付' } })
      .find('.note')
      .exists(),
  ).toBe(false)
})

it('a reduction reads as taken off, and its whole name is there for who asks', () => {
  const props = { name: '十一周年庆全场满减', money: { amount: 4_000, currency: 'CNY' as const } }
  const wrapper = mount(UiReduction, { props })
  expect(wrapper.text()).toBe('十一周年庆全场满减−¥40.00')
  expect(wrapper.get('.name').attributes('title')).toBe('十一周年庆全场满减')
})

it('a list of rows has a name and holds its rows', () => {
  const wrapper = mount(UiRows, { props: { label: '优惠' }, slots: { default: '<li>甲</li>' } })
  expect([wrapper.attributes('aria-label'), wrapper.findAll('li').length]).toEqual(['优惠', 1])
})

it('a tag is its word', () => {
  expect(mount(UiTag, { slots: { default: '赠品' } }).text()).toBe('赠品')
})

it('a panel has the focus in its field, leads it through the keys below, and takes stray characters', async () => {
  const wrapper = mount(UiPanel, {
    props: { name: 'redeem', title: '核销', modelValue: '', says: '正在问发券方。' },
    attrs: { placeholder: '扫、粘贴或输入券码' },
    slots: {
      keys: '<button id="head">查券</button>',
      default:
        '<button id="one">甲</button><button disabled>乙</button><button id="two">丙</button>',
    },
    attachTo: document.body,
  })
  const focused = () => document.activeElement?.id
  expect([focused(), wrapper.get('input').attributes('placeholder')]).toEqual([
    'redeem',
    '扫、粘贴或输入券码',
  ])
  const walk = ['down', 'down', 'down', 'up', 'up', 'up'].map((step) => {
    wrapper.vm.move(step)
    return focused()
  })
  expect(walk).toEqual(['one', 'two', 'two', 'one', 'redeem', 'redeem'])
  wrapper.vm.move('down')
  wrapper.vm.push('7')
  expect([focused(), wrapper.emitted('update:modelValue')]).toEqual(['redeem', [['7']]])
  expect(wrapper.get('[role=status]').text()).toBe('正在问发券方。')
  await wrapper.findAll('button').at(1)?.trigger('click')
  expect(wrapper.emitted('back')).toHaveLength(1)
  wrapper.unmount()
})

it('a panel without a field says its name aloud, and what goes where', () => {
  const props = { name: 'pickups', title: '自提', hint: '扫提货码。', away: '连不上总部' }
  const wrapper = mount(UiPanel, { props })
  expect(wrapper.find('input').exists()).toBe(false)
  expect(wrapper.get('h1').classes()).not.toContain('visually-hidden')
  expect(wrapper.text()).toContain('自提扫提货码。返回Esc连不上总部')
})
