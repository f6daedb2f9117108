import { describe, expect, it } from 'vitest'
import { slideAt } from './slides'

const slide = (seconds: number) => ({
  picture: `/pictures/${seconds}`,
  seconds,
  from_minutes: 0,
  to_minutes: 1440,
})

describe('the pictures of a playlist', () => {
  it('are shown in turn, each for its time, and from the first again', () => {
    const slides = [slide(3), slide(5)]
    const places = Array.from({ length: 9 }, (_, second) => slideAt(slides, second * 1000 + 999))
    expect(places).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 0])
  })

  it('need not be many', () => {
    expect(slideAt([slide(8)], 1_234_567)).toBe(0)
    expect(slideAt([], 5)).toBe(0)
  })
})
