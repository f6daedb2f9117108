import { describe, expect, it } from 'vitest'
import { createNumberLine, takes } from './numberLine'

function typed(text: string): string {
  const line = createNumberLine()
  for (const character of text) line.push(character)
  return line.text.value
}

describe('the number line', () => {
  const check = (keys: string, text: string) =>
    it(`says ${text || 'nothing'} after ${keys}`, () => expect(typed(keys)).toBe(text))
  check('12', '12')
  check('0.452', '0.452')
  check('1..5', '1.5')
  check('.5', '5')
  check('12-', '12')
  check('W-KN-2301', 'W-KN-2301')
  check('?!', '')
})

it('takes no more than fits', () => {
  expect(takes('9'.repeat(32), '9')).toBe(false)
})

it('gives back what it said before the first key of a scan', () => {
  const line = createNumberLine()
  line.push('3')
  line.arm()
  line.push('6')
  line.restore()
  expect(line.take()).toBe('3')
  expect(line.text.value).toBe('')
})
