import { expect, it } from 'vitest'
import { formatClock, formatDay, formatExpiry, formatLongDay, formatMoment, span } from './time'

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

it('a clock shows the time of the store, wherever the box thinks it is', () => {
  expect(formatClock('2026-11-21T10:00:00Z', 480)).toBe('18:00')
  expect(formatClock('2026-11-21T20:30:00Z', 480)).toBe('04:30')
  expect(formatLongDay(Date.parse('2026-11-21T20:30:00Z'), 'en', 480)).toBe('Sunday, November 22')
})

it('a business date is not moved by a time zone', () => {
  expect(formatDay('2026-11-21')).toBe('11-21')
})

it("a moment has the day of the store, also where UTC's is still the one before", () => {
  expect(formatMoment('2026-11-21T17:05:00Z', 480)).toBe('11-22 01:05')
  expect(formatMoment('2026-11-21T10:00:00Z', 480)).toBe('11-21 18:00')
})

it('an expiry is a day, and an hour of the store when it is near', () => {
  const now = Date.parse('2026-11-21T10:00:00Z')
  expect(formatExpiry('2026-12-31T15:59:59Z', 480, now)).toBe('2026-12-31')
  expect(formatExpiry('2026-11-21T16:30:00Z', 480, now)).toBe('11-22 00:30')
})
