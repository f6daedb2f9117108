import { expect, it } from 'vitest'
import { readProblem, troubleText } from './problem'

it('a known problem is told in our own words, with the code that was scanned', () => {
  const trouble = readProblem(
    {
      type: '/problems/unknown-barcode',
      title: 'Unknown barcode',
      params: { code: '4099999999996' },
    },
    404,
  )
  expect(troubleText(trouble)).toEqual({
    title: '没有这个商品',
    detail: expect.stringContaining('4099999999996'),
  })
})

it('an amount in a problem is told as it is read', () => {
  const total = { amount: 12_000, currency: 'CNY' }
  const trouble = readProblem({ type: '/problems/price-changed', params: { total } }, 409)
  expect(troubleText(trouble)).toEqual({
    title: '价格刚变过',
    detail: expect.stringContaining('现在合计 ¥120.00'),
  })
})

it("a problem of a newer daemon is told in the daemon's words", () => {
  const trouble = readProblem(
    { type: '/problems/coupon-expired', title: '券已过期', detail: '到 11-20 为止。' },
    422,
  )
  expect(troubleText(trouble)).toEqual({ title: '券已过期', detail: '到 11-20 为止。' })
})

it('an answer that is no problem document still has a name and a status', () => {
  expect(readProblem('<html>', 502)).toMatchObject({ slug: 'broken', status: 502 })
  expect(readProblem(undefined, 500).slug).toBe('broken')
})
