import { expect, it } from 'vitest'
import { formatClock, formatDay, span } from './time'

it('a span is said in its largest whole unit', () => {
  expect(span(0)).toEqual({ n: 0, unit: 'second' })
  expect(span(14_900)).toEqual({ n: 14, unit: 'second' })
  expect(span(42 * 60_000)).toEqual({ n: 42, unit: 'minute' })
  expect(span(2 * 86_400_000 + 1)).toEqual({ n: 2, unit: 'day' })
  expect(span(-5)).toEqual({ n: 0, unit: 'second' })
})

it('a clock has two digits on each side', () => {
  expect(formatClock(new Date(2026, 10, 21, 9, 5))).toBe('09:05')
})

it('a business date is not moved by a time zone', () => {
  expect(formatDay('2026-11-21')).toBe('11-21')
})
