import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import * as edge from '../../api/edge'
import type { FoundItem } from '../../api/types'
import { TILL, type Till } from '../till'
import SellFind from './SellFind.vue'

vi.mock('../../api/edge', () => ({ findItems: vi.fn() }))

const itemOf = (sku: string): FoundItem =>
  ({
    sku,
    name: sku,
    spec: '',
    code: sku,
    list_price: { amount: 100, currency: 'CNY' },
  }) as FoundItem

/** Each question waits until the test answers it. */
function bench() {
  const added: string[] = []
  const answers: ((...skus: string[]) => Promise<unknown>)[] = []
  vi.mocked(edge.findItems).mockImplementation(
    () =>
      new Promise((resolve) => {
        answers.push((...skus) => {
          resolve({ ok: true, data: { items: skus.map(itemOf), more: false } } as never)
          return flushPromises()
        })
      }),
  )
  const till = { add: (sku: string) => added.push(sku), tell: () => {} } as unknown as Till
  const page = mount(SellFind, { global: { provide: { [TILL as symbol]: till } } })
  const type = (text: string) => page.get('input').setValue(text)
  const enter = () => void (page.vm as unknown as { submit(): Promise<void> }).submit()
  return { page, added, answers, type, enter }
}

it('a click adds the item that was clicked, although the field has gone on', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { page, added, answers, type } = bench()
  await type('a')
  vi.runAllTimers()
  vi.useRealTimers()
  await answers[0]?.('A1', 'A2')
  await type('ab')
  await page.findAll('li')[1]?.trigger('click')
  expect([added, page.emitted('close')?.length]).toEqual([['A2'], 1])
  page.unmount()
})

it('Enter waits for the answer to what is in the field, and two are one', async () => {
  const { page, added, answers, type, enter } = bench()
  await type('a')
  enter()
  enter()
  await answers[0]?.('A1')
  enter()
  expect([added, answers.length]).toEqual([['A1'], 1])
  page.unmount()
})

it('an answer that is no longer asked for adds nothing', async () => {
  const { page, added, answers, type, enter } = bench()
  await type('a')
  enter()
  await type('ab')
  await answers[0]?.('A1')
  expect(added).toEqual([])
  page.unmount()
})

it('an answer that comes after Find was closed adds nothing', async () => {
  const { page, added, answers, type, enter } = bench()
  await type('a')
  enter()
  page.unmount()
  await answers[0]?.('A1')
  expect(added).toEqual([])
})
