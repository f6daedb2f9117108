import { afterEach, expect, it } from 'vitest'
import { createLeakGuard, typeIntoField } from './leakGuard'

function focusField(value: string): HTMLInputElement {
  const field = document.createElement('input')
  field.value = value
  document.body.append(field)
  field.focus()
  return field
}

afterEach(() => document.body.replaceChildren())

it('a field gets back what it said before the first key of a scan', () => {
  const field = focusField('羊毛')
  let heard = 0
  field.addEventListener('input', () => (heard += 1))
  const guard = createLeakGuard()
  guard.arm()
  field.value = '羊毛6'
  guard.restore()
  expect([field.value, heard]).toEqual(['羊毛', 1])
})

it('a field that leaked nothing is left alone', () => {
  const field = focusField('羊毛')
  let heard = 0
  field.addEventListener('input', () => (heard += 1))
  const guard = createLeakGuard()
  guard.arm()
  guard.restore()
  expect(heard).toBe(0)
})

it('keys played again go where the cursor is', () => {
  const field = focusField('ac')
  field.setSelectionRange(1, 1)
  expect(typeIntoField('b')).toBe(true)
  expect(field.value).toBe('abc')
})

it('keys played again without a field are not lost silently', () => {
  expect(typeIntoField('b')).toBe(false)
})
