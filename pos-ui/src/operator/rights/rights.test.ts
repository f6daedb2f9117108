import { mount } from '@vue/test-utils'
import { effectScope, nextTick, shallowRef } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { unreachable, type Answer } from '../../api/problem'
import type { OperatorView } from '../../api/types'
import type { Payment, Redemption, Rights } from '../../model/rights'
import { TILL, type Till } from '../till'
import * as calls from './calls'
import { createDesk } from './desk'
import Redeem from './Redeem.vue'
import { newRefusals } from './refusals'
import RightsList from './RightsList.vue'
import RightsWait from './RightsWait.vue'
import SheetCode from './SheetCode.vue'

vi.mock('./calls', () => ({
  charge: vi.fn(),
  query: vi.fn(),
  reverse: vi.fn(),
  lookUp: vi.fn(),
  choose: vi.fn(),
  takeOff: vi.fn(),
  postVoid: vi.fn(),
}))

const CODE = '134567890123456789'
const cny = (amount: number) => ({ amount, currency: 'CNY' as const })
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()

const payment = (more: Partial<Payment> = {}): Payment => ({
  id: 'p',
  method: 'alipay',
  state: 'paying',
  amount: cny(1_200),
  since: ago(5_000),
  problem: null,
  ...more,
})
const offer = { title: '50元代金券', count: 3, worth: cny(5_000), reduces: false, expires_at: null }
const redemption = (more: Partial<Redemption> = {}): Redemption => ({
  id: 'r',
  issuer: 'douyin',
  state: 'looked_up',
  title: '50元代金券',
  code_tail: '6789',
  offers: [offer],
  choice: { offer: 0, count: 1 },
  amount: cny(5_000),
  takes_part: true,
  since: ago(5_000),
  reversible_until: null,
  problem: null,
  ...more,
})
const rightsOf = (more: Partial<Rights> = {}): Rights => ({
  payments: [],
  redemptions: [],
  looking_up: [],
  left: cny(1_200),
  balance: cny(0),
  hold: 'free',
  can_charge: true,
  ...more,
})
const viewOf = (rights: Rights, more: object = {}) =>
  ({
    boot: 'b',
    revision: 1,
    store: { code: 'S', name: '店', utc_offset_minutes: 480 },
    cart: { order_id: 'order', revision: 7, lines: [] },
    link: { mall: 'up' },
    rights,
    ...more,
  }) as unknown as OperatorView
const funds = {
  type: '/problems/refused-funds-short',
  title: '余额不足',
  detail: '没有扣款。',
  status: 409,
  params: {},
}
/** A daemon that has asked another house, which is silent. */
const asking = () =>
  vi
    .mocked(calls.lookUp)
    .mockImplementation((_, id) =>
      Promise.resolve(answered(viewOf(rightsOf({ looking_up: [id] })))),
    )
const answered = (view: OperatorView): Answer<OperatorView> => ({ ok: true, data: view })

let stop = () => {}
beforeEach(() => vi.resetAllMocks())
afterEach(() => stop())

function bench(rights: Rights = rightsOf(), more: object = {}) {
  const view = shallowRef<OperatorView | null>(viewOf(rights, more))
  const told: string[] = []
  const scope = effectScope()
  const desk = scope.run(() =>
    createDesk({
      n: 1,
      view,
      accept: (next) => (view.value = next),
      tell: ({ slug }, tone) => told.push(`${tone} ${slug}`),
      dismiss: () => {},
    }),
  )
  if (!desk) throw new Error('no scope')
  stop = () => scope.stop()
  const till = { desk, view } as unknown as Till
  return { desk, view, told, options: { global: { provide: { [TILL as symbol]: till } } } }
}

describe('the desk', () => {
  it('charges the cart that was seen, all that is left or a part of it', async () => {
    const { desk, view } = bench()
    const paying = viewOf(rightsOf({ payments: [payment()] }))
    vi.mocked(calls.charge).mockResolvedValue(answered(paying))
    expect(await desk.charge(CODE, null)).toBe(true)
    const cart = { order_id: 'order', cart_revision: 7 }
    expect(calls.charge).toHaveBeenCalledWith(1, expect.any(String), cart, CODE, null)
    expect(view.value).toEqual(paying)
    await desk.charge(CODE, cny(700))
    expect(vi.mocked(calls.charge).mock.lastCall?.[4]).toEqual(cny(700))
  })

  it('sends a charge once, whatever becomes of it', async () => {
    const { desk, told } = bench()
    vi.mocked(calls.charge).mockResolvedValue({ ok: false, problem: unreachable() })
    expect(await desk.charge(CODE, null)).toBe(false)
    expect(calls.charge).toHaveBeenCalledTimes(1)
    expect(told).toEqual(['ask unreachable'])
  })

  it('does one thing at a time', async () => {
    const { desk } = bench()
    vi.mocked(calls.takeOff).mockReturnValue(new Promise(() => {}))
    void desk.takeOff(redemption())
    expect(desk.asked.value).toBe('take-off')
    expect(await desk.charge(CODE, null)).toBe(false)
    expect(calls.charge).not.toHaveBeenCalled()
  })

  it('asks only about what is waited for', async () => {
    const { desk } = bench(rightsOf({ payments: [payment({ state: 'paid' })] }))
    expect(await desk.query()).toBe(false)
    expect(calls.query).not.toHaveBeenCalled()
  })

  it('takes off at once what spent nothing, and asks about all else', () => {
    const { desk } = bench()
    vi.mocked(calls.takeOff).mockReturnValue(new Promise(() => {}))
    desk.doubt(redemption())
    expect(calls.takeOff).toHaveBeenCalledWith(1, expect.any(String), 'r')
    desk.doubt(redemption({ state: 'redeemed' }))
    expect(desk.doubted.value?.state).toBe('redeemed')
    expect(calls.takeOff).toHaveBeenCalledTimes(1)
  })

  it('drops its question when the payment was decided meanwhile', async () => {
    const { desk, view } = bench(rightsOf({ payments: [payment({ state: 'sent' })] }))
    desk.doubt(payment({ state: 'sent' }))
    view.value = viewOf(rightsOf({ payments: [payment({ state: 'paying' })] }))
    await nextTick()
    expect(desk.doubted.value).not.toBeNull()
    view.value = viewOf(rightsOf({ payments: [payment({ state: 'paid' })] }))
    await nextTick()
    expect(desk.doubted.value).toBeNull()
  })
})

describe('a no of another house', () => {
  const paying = viewOf(rightsOf({ payments: [payment()] }))
  const refused = viewOf(rightsOf({ payments: [payment({ state: 'refused', problem: funds })] }))

  it('is told once', () => {
    expect(newRefusals(paying, refused)).toEqual([funds])
    expect(newRefusals(refused, refused)).toEqual([])
  })

  it('is no news from a daemon that started anew', () => {
    expect(newRefusals(paying, { ...refused, boot: 'c' })).toEqual([])
  })
})

describe('the list beside the total', () => {
  const rows = (rights: Rights) =>
    mount(RightsList, { props: { left: true }, ...bench(rights).options })

  it('says what, where it stands and how much, and what is left', () => {
    const wrapper = rows(
      rightsOf({
        payments: [payment({ state: 'paid' })],
        redemptions: [redemption()],
        left: cny(300),
        hold: 'taken',
      }),
    )
    expect(wrapper.findAll('.title').map((one) => one.text())).toEqual(['50元代金券', '支付宝'])
    expect(wrapper.findAll('.state').map((one) => one.text())).toEqual(['将核销', '已付'])
    expect(wrapper.findAll('.amount').map((one) => one.text())).toEqual(['¥50.00', '¥12.00'])
    expect(wrapper.text()).toContain('尾号 6789')
    expect(wrapper.get('[data-test=left]').text()).toBe('¥3.00')
    expect(wrapper.get('.hold').text()).toContain('购物车不能再改')
  })

  it('is not there when nobody has a say', () => {
    expect(rows(rightsOf()).find('[data-test=rights]').exists()).toBe(false)
  })

  it('offers no key for what is over', () => {
    const wrapper = rows(rightsOf({ payments: [payment({ state: 'reversed' })] }))
    expect(wrapper.find('[data-test=take-off]').exists()).toBe(false)
    expect(wrapper.get('.amount').classes()).toContain('struck')
  })
})

describe('waiting for the payer', () => {
  const shown = (right: Payment) =>
    mount(RightsWait, { props: { waiting: { kind: 'payment', right } } })

  it('says the step and the seconds', () => {
    const wrapper = shown(payment({ since: ago(12_000) }))
    expect(wrapper.get('.step').text()).toBe('等顾客在手机上确认12 秒')
    expect(wrapper.text()).toContain('也不能收别的钱')
  })

  it('says after a minute that nobody knows, and never that it failed', () => {
    const wrapper = shown(payment({ since: ago(3_600_000) }))
    expect(wrapper.get('.step').text()).toBe('结果未知3600 秒')
    expect(wrapper.text()).not.toMatch(/失败|未付/)
  })
})

describe('Redeem', () => {
  it('clears the code that was found, and keeps one that was refused', async () => {
    const { options, view } = bench()
    const wrapper = mount(Redeem, options)
    const field = wrapper.get('input')
    vi.mocked(calls.lookUp).mockResolvedValueOnce({ ok: false, problem: unreachable() })
    await field.setValue('ABC')
    await wrapper.vm.submit()
    expect(field.element.value).toBe('ABC')
    for (const isFound of [false, true]) {
      asking()
      await wrapper.vm.submit()
      const [, id = '', order, code] = vi.mocked(calls.lookUp).mock.lastCall ?? []
      expect([order, code, field.element.value]).toEqual(['order', 'ABC', 'ABC'])
      view.value = viewOf(rightsOf({ redemptions: isFound ? [redemption({ id })] : [] }))
      await nextTick()
      expect(field.element.value).toBe(isFound ? '' : 'ABC')
    }
  })

  it('holds up nothing while a house is silent, and asks the same once', async () => {
    const { desk, view, options } = bench()
    const wrapper = mount(Redeem, options)
    asking()
    for (const code of ['ABC', 'ABC', 'DEF']) await wrapper.vm.scan(code)
    expect(vi.mocked(calls.lookUp).mock.calls.map(([, , , code]) => code)).toEqual(['ABC', 'DEF'])
    expect(wrapper.text()).toContain('正在问发券方')
    expect(mount(RightsList, options).find('[data-test=asking]').exists()).toBe(true)
    vi.mocked(calls.charge).mockResolvedValue(answered(viewOf(rightsOf())))
    expect(await desk.charge(CODE, null)).toBe(true)
    expect(view.value?.rights?.looking_up).toEqual([])
  })

  it('lets a person choose how many, up to as many as there are', async () => {
    const chosen = rightsOf({ redemptions: [redemption({ choice: { offer: 0, count: 3 } })] })
    const { options } = bench(chosen)
    vi.mocked(calls.choose).mockResolvedValue(answered(viewOf(chosen)))
    const wrapper = mount(Redeem, options)
    expect(wrapper.get('[data-test=count]').text()).toBe('3')
    const [less, more] = wrapper.findAll('.count .step')
    expect(more?.attributes('disabled')).toBeDefined()
    await less?.trigger('click')
    expect(vi.mocked(calls.choose).mock.lastCall?.slice(1)).toEqual(['r', 0, 2])
  })

  it('says quietly that nothing can be looked up without the mall', () => {
    const { options } = bench(rightsOf(), { link: { mall: 'down' } })
    expect(mount(Redeem, options).text()).toContain('离线：现在不能查券')
    expect(mount(Redeem, bench().options).text()).not.toContain('离线')
  })
})

it('a typed payment code is hidden, sent once, and gone', async () => {
  const { options } = bench()
  const wrapper = mount(SheetCode, {
    props: { amount: cny(1_200), isPart: false },
    ...options,
    attachTo: document.body,
  })
  const field = wrapper.get('input')
  expect(field.attributes('type')).toBe('password')
  await field.setValue(CODE)
  wrapper.vm.submit()
  wrapper.vm.submit()
  await nextTick()
  expect(wrapper.emitted('charge')).toEqual([[CODE]])
  expect(field.element.value).toBe('')
  wrapper.unmount()
})
