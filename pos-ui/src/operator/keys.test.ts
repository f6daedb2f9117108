import { effectScope, reactive } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Action, Place } from '../input/keymap'
import { createNumberLine } from '../input/numberLine'
import { listenKeys } from './keys'

let at = 0

function keydown(code: string, key: string, gapMs: number, more: KeyboardEventInit = {}) {
  at += gapMs
  const event = new KeyboardEvent('keydown', {
    code,
    key,
    bubbles: true,
    cancelable: true,
    ...more,
  })
  Object.defineProperty(event, 'timeStamp', { value: at })
  ;(document.activeElement ?? document.body).dispatchEvent(event)
  return event
}
const digits = (text: string, gapMs: number) =>
  [...text].map((digit) => keydown(`Digit${digit}`, digit, gapMs))

function bench(start: Place = 'sell') {
  const line = createNumberLine()
  const acts: Action[] = []
  const scans: string[] = []
  let blocked = 0
  const state = reactive({ place: start, inert: false })
  const scope = effectScope()
  scope.run(() =>
    listenKeys({
      place: () => state.place,
      inert: () => state.inert,
      act: (action) => acts.push(action),
      type: (character) => line.push(character),
      isText: (character) => character === '-' && /[A-Za-z]/.test(line.text.value),
      scan: (code) => scans.push(code),
      blocked: () => (blocked += 1),
      numberLine: line,
    }),
  )
  stop = () => scope.stop()
  return { line, acts, scans, state, blocked: () => blocked }
}

let stop = () => {}
beforeEach(() => vi.useFakeTimers())
afterEach(() => {
  stop()
  vi.useRealTimers()
  document.body.replaceChildren()
})

it('digits go to the number line, and a scan takes back its first', () => {
  const page = bench()
  digits('3', 500)
  at += 500
  digits('6901234567892', 4)
  keydown('Enter', 'Enter', 4)
  expect([page.scans, page.line.text.value, page.acts]).toEqual([['6901234567892'], '3', []])
})

it('a fast typist has every digit once the burst has ended', () => {
  const page = bench()
  at += 500
  digits('12', 10)
  vi.advanceTimersByTime(100)
  expect([page.scans, page.line.text.value]).toEqual([[], '12'])
})

it('a code typed by hand is entered by Enter', () => {
  const page = bench()
  digits('6901', 200)
  keydown('Enter', 'Enter', 200)
  expect([page.scans, page.line.text.value, page.acts]).toEqual([[], '6901', ['enter']])
})

it('the Enter of a scan never presses the focused button', () => {
  const page = bench()
  const button = document.createElement('button')
  document.body.append(button)
  button.focus()
  at += 500
  digits('6901234567892', 4)
  const enter = keydown('Enter', 'Enter', 4)
  expect([page.scans.length, enter.defaultPrevented]).toEqual([1, true])
})

it("a person's Enter and Space belong to the button that has the focus", () => {
  const page = bench()
  const button = document.createElement('button')
  document.body.append(button)
  button.focus()
  const events = [keydown('Enter', 'Enter', 500), keydown('Space', ' ', 500)]
  expect([page.acts, events.map((event) => event.defaultPrevented)]).toEqual([[], [false, false]])
})

it('a field keeps its own keys; function keys and arrows go above it', () => {
  const page = bench('find')
  const field = document.createElement('input')
  document.body.append(field)
  field.focus()
  digits('6', 500)
  keydown('Home', 'Home', 500)
  keydown('ArrowDown', 'ArrowDown', 500)
  keydown('Enter', 'Enter', 500, { isComposing: true })
  keydown('Enter', 'Enter', 500)
  expect([page.acts, page.line.text.value]).toEqual([['down', 'pick'], ''])
})

it('a scan into a field leaves the field as it was', () => {
  const page = bench('find')
  const field = document.createElement('input')
  document.body.append(field)
  field.value = '羊毛'
  field.focus()
  at += 500
  digits('6', 4)
  field.value = '羊毛6'
  digits('901', 4)
  keydown('Enter', 'Enter', 4)
  expect([page.scans, field.value]).toEqual([['6901'], '羊毛'])
})

it('a minus voids, but is a letter inside a 货号', () => {
  const page = bench()
  keydown('NumpadSubtract', '-', 500)
  keydown('KeyW', 'W', 500, { shiftKey: true })
  keydown('Minus', '-', 500)
  expect([page.acts, page.line.text.value]).toEqual([['less'], 'W-'])
})

it('a key held down is a person, however fast it repeats', () => {
  const page = bench()
  keydown('Digit0', '0', 500)
  for (let beat = 0; beat < 5; beat += 1) keydown('Digit0', '0', 30, { repeat: true })
  keydown('Enter', 'Enter', 30)
  expect([page.scans, page.line.text.value, page.acts]).toEqual([[], '000000', ['enter']])
})

it('without the daemon only the lock works', () => {
  const page = bench()
  page.state.inert = true
  digits('12', 500)
  keydown('F2', 'F2', 500)
  keydown('F12', 'F12', 500)
  expect([page.acts, page.line.text.value]).toEqual([['lock'], ''])
})

it('a held key does its action once; only erasing and moving go on', () => {
  const page = bench()
  const held = (code: string, more: KeyboardEventInit = {}) => {
    keydown(code, code, 500, more)
    return keydown(code, code, 30, { ...more, repeat: true })
  }
  const events = [
    held('Enter'),
    held('Delete'),
    held('F1'),
    held('KeyP', { ctrlKey: true }),
    held('Backspace'),
    held('ArrowDown'),
  ]
  expect(page.acts).toEqual(['enter', 'void', 'keys', 'reprint', 'erase', 'erase', 'down', 'down'])
  expect(events.map((event) => event.defaultPrevented)).toEqual(events.map(() => true))
})

it('a held Enter presses the focused button once', () => {
  bench()
  const button = document.createElement('button')
  document.body.append(button)
  button.focus()
  const first = keydown('Enter', 'Enter', 500)
  const again = keydown('Enter', 'Enter', 30, { repeat: true })
  expect([first.defaultPrevented, again.defaultPrevented]).toEqual([false, true])
})

it('a scan without the daemon is blocked, once for each scan', () => {
  const page = bench()
  page.state.inert = true
  at += 500
  for (const code of ['6901234567892', '6901']) {
    digits(code, 4)
    keydown('Enter', 'Enter', 4)
    at += 500
  }
  expect([page.blocked(), page.scans, page.acts, page.line.text.value]).toEqual([2, [], [], ''])
})

it('half a burst and the number line are dropped when the daemon goes away', () => {
  const page = bench()
  digits('3', 500)
  at += 500
  digits('69012', 4)
  page.state.inert = true
  vi.advanceTimersByTime(100)
  page.state.inert = false
  vi.advanceTimersByTime(100)
  expect([page.scans, page.line.text.value, page.blocked()]).toEqual([[], '', 0])
})

it('a scan on the sign-in page is no PIN, with or without its Enter', () => {
  const page = bench('sign-in')
  digits('1', 500)
  at += 500
  digits('6901234567892', 4)
  const enter = keydown('Enter', 'Enter', 4)
  at += 500
  digits('69012345', 4)
  vi.advanceTimersByTime(100)
  expect([page.blocked(), page.acts, page.scans, page.line.text.value]).toEqual([2, [], [], '1'])
  expect(enter.defaultPrevented).toBe(true)
})

it('a quick PIN is still a PIN', () => {
  const page = bench('sign-in')
  at += 500
  digits('123456', 10)
  keydown('Enter', 'Enter', 10)
  expect([page.blocked(), page.acts, page.line.text.value]).toEqual([0, ['sign-in'], '123456'])
})
