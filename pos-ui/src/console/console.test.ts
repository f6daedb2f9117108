import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { readProblem } from '../api/problem'
import * as calls from './calls'
import { hoursOf, linesOf, stepOf } from './charts/scale'
import HourBars from './charts/HourBars.vue'
import TakenBar from './charts/TakenBar.vue'
import { pageOf } from './desk'
import SignIn from './SignIn.vue'
import { lasting, moment } from './words'

const cny = (amount: number) => ({ amount, currency: 'CNY' as const })

vi.mock('./calls', () => ({ signIn: vi.fn() }))

describe('the axis of a chart', () => {
  it.each([
    [0, 100],
    [400, 100],
    [401, 200],
    [1_842_000, 500_000],
    [2_000_000, 500_000],
    [2_000_001, 1_000_000],
  ])('reaches %i fen in steps of %i', (most, step) => {
    expect(stepOf(most)).toBe(step)
    expect(linesOf(most).at(-1)).toBeGreaterThanOrEqual(most)
    expect(linesOf(most).length).toBeLessThanOrEqual(4)
  })
  it('shows the usual hours and every one that sold', () => {
    expect(hoursOf([]).length).toBe(12)
    expect(hoursOf([7, 22])).toEqual(Array.from({ length: 16 }, (_, at) => at + 7))
  })
})

it('a chart has a table with the same sums', () => {
  const hours = [
    { hour: 9, sum: { count: 2, amount: cny(1_234) } },
    { hour: 14, sum: { count: 1, amount: cny(1) } },
  ]
  const chart = mount(HourBars, {
    props: { hours, usual: [{ hour: 9, amount: cny(1_000) }], usualDays: 3 },
  })
  expect(chart.findAll('rect').length).toBe(2)
  const rows = chart.findAll('tbody tr').map((row) => row.text())
  expect(rows[0]).toContain('12.34')
  expect(rows[0]).toContain('10.00')
  expect(rows[1]).toContain('0.01')
})

it('the ways of paying stand with their amounts, the largest first', () => {
  const taken = [
    { kind: 'cash' as const, orders: 1, net: cny(-1) },
    { kind: 'wechat' as const, orders: 2, net: cny(9_999_999_999) },
  ]
  const rows = mount(TakenBar, { props: { taken } }).findAll('tbody tr')
  expect(rows.map((row) => row.text())[0]).toContain('99,999,999.99')
  expect(rows.map((row) => row.text())[1]).toContain('−¥0.01')
})

it('an address names a page, and any other is today', () => {
  expect([pageOf('#/orders'), pageOf('#/nothing'), pageOf('')]).toEqual([
    'orders',
    'today',
    'today',
  ])
})

it('times are those of the store’s wall, with their day when it is another', () => {
  const now = '2026-11-21T04:00:00Z'
  expect(moment('2026-11-21T01:02:00Z', now, 480)).toBe('09:02')
  expect(moment('2026-11-20T01:02:00Z', now, 480)).toBe('11-20 09:02')
  expect(lasting('2026-11-21T03:57:00Z', now)).toBe('3 分钟')
})

it('a wrong PIN is said and gone from the field; nothing of the store is shown', async () => {
  vi.mocked(calls.signIn).mockResolvedValue({
    ok: false,
    problem: readProblem(
      { type: '/problems/pin-wrong', title: '密码不对', status: 401, detail: '', params: {} },
      401,
    ),
  })
  const page = mount(SignIn, { props: { over: true }, attachTo: document.body })
  expect(page.text()).toContain('已经退出')
  await page.find('#operator').setValue('9001')
  await page.find('#pin').setValue('000000')
  await page.find('form').trigger('submit')
  await flushPromises()
  expect(page.text()).toContain('密码不对')
  expect((page.find('#pin').element as HTMLInputElement).value).toBe('')
  expect(page.emitted('signed-in')).toBeUndefined()
  page.unmount()
})
