import { expect, it } from 'vitest'
import { newId } from './id'

it('an id is a UUIDv7 that begins with its milliseconds', () => {
  const id = newId(0x0192_3456_789a)
  expect(id).toMatch(/^01923456-789a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

it('ids made in one millisecond differ', () => {
  const ids = Array.from({ length: 500 }, () => newId(1))
  expect(new Set(ids).size).toBe(500)
})

it('a later id sorts after an earlier one', () => {
  expect(newId(1_000) < newId(1_001)).toBe(true)
})
