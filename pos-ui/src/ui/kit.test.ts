import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { UiButton, UiNumberPad, UiSeal, UiStrip } from './index'

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
