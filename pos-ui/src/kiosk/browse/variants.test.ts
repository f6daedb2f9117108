import { expect, it } from 'vitest'
import type { Variant } from '../../api/types'
import { colours, pick, sizesOf } from './variants'

const variant = (colour: string, size: string): Variant => ({
  sku: `${colour}-${size}`,
  code: '',
  spec: '',
  colour,
  size,
  list_price: { amount: 100, currency: 'CNY' },
  price: { amount: 100, currency: 'CNY' },
  promotions: [],
})
const all = [variant('墨绿', 'S'), variant('墨绿', 'M'), variant('米白', 'M'), variant('米白', 'L')]

it('a style has each colour once and the sizes of the chosen one', () => {
  expect(colours(all)).toEqual(['墨绿', '米白'])
  expect(sizesOf(all, '米白').map(({ size }) => size)).toEqual(['M', 'L'])
})

it('another colour keeps the size, or takes its first', () => {
  expect(pick(all, '米白', 'M')?.sku).toBe('米白-M')
  expect(pick(all, '米白', 'S')?.sku).toBe('米白-M')
  expect(pick(all, '赤', 'S')).toBeNull()
})

it('an item without colours has its sizes alone', () => {
  const plain = [variant('', '500ml'), variant('', '1l')]
  expect(colours(plain)).toEqual([])
  expect(sizesOf(plain, '')).toHaveLength(2)
})
