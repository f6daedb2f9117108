import { afterEach, describe, expect, it } from 'vitest'
import { hasText } from '../locales'
import { actionFor, capFor, capOf, holdKeys, RESERVED, usual, type Place } from './keymap'
import { moved } from './moved'

const keymap = usual
const places = Object.keys(usual) as Place[]

const moveKeys = (keys: Record<string, string>) => holdKeys(moved(usual, keys))
afterEach(() => holdKeys(usual))
const bare = { key: '', shift: false, ctrl: false, alt: false }

describe.each(places)('the keys of %s', (place) => {
  const chords = [...keymap[place], ...(place === 'any' ? [] : keymap.any)].flatMap(
    (binding) => binding.chords,
  )

  it('are mapped once each', () => {
    expect(chords).toEqual([...new Set(chords)])
  })

  it('are none that the browser keeps for itself', () => {
    expect(chords.filter((chord) => RESERVED.includes(chord))).toEqual([])
  })

  it('have words for the overlay', () => {
    const silent = keymap[place].filter(({ action }) => !hasText(`key.${action}`))
    expect(silent).toEqual([])
  })

  it('never take a plain digit or letter from the number line', () => {
    expect(chords.filter((chord) => /^(Digit|Numpad)\d$|^Key/.test(chord))).toEqual([])
  })
})

it('a chord is found with its modifiers, and only with them', () => {
  expect(actionFor('sell', { ...bare, code: 'Delete' })).toBe('void')
  expect(actionFor('sell', { ...bare, code: 'Delete', shift: true })).toBe('void-cart')
  expect(actionFor('sell', { ...bare, code: 'KeyP', ctrl: true })).toBe('reprint')
  expect(actionFor('sell', { ...bare, code: 'KeyP' })).toBeNull()
})

it('keys of all places work in each place', () => {
  for (const place of places) expect(actionFor(place, { ...bare, code: 'F12' })).toBe('lock')
})

it('keys of later screens are not mapped', () => {
  const all = places.flatMap((place) => keymap[place].flatMap(({ chords }) => chords))
  for (const chord of ['F4', 'F10']) expect(all).not.toContain(chord)
})

it('a keycap is printed as on the keyboard', () => {
  expect([capOf('NumpadSubtract'), capOf('Shift+Delete'), capOf('Ctrl+KeyP')]).toEqual([
    '−',
    'Shift+Del',
    'Ctrl+P',
  ])
  expect([capFor('sell', 'find'), capFor('sell', 'complete')]).toEqual(['F2', ''])
})

it('a key that HQ has moved counts in every place that has its action, and its old key is free', () => {
  moveKeys({ find: 'F4', 'void-cart': 'Ctrl+F9', quantity: 'F10' })
  for (const place of ['sell', 'done'] as const) {
    expect(actionFor(place, { ...bare, code: 'F4' })).toBe('find')
    expect(actionFor(place, { ...bare, code: 'F2' })).toBeNull()
  }
  expect(actionFor('tender', { ...bare, code: 'F2' })).toBe('code')
  expect(actionFor('sell', { ...bare, code: 'F9', ctrl: true })).toBe('void-cart')
  // Every usual key of it is given up, also the one beside the number pad.
  expect(actionFor('sell', { ...bare, code: 'Digit8', shift: true })).toBeNull()
  expect(capFor('sell', 'find')).toBe('F4')
})

it('the key that opens a panel closes it, wherever HQ has put it', () => {
  expect(actionFor('find', { ...bare, code: 'F2' })).toBe('back')
  moveKeys({ find: 'F4' })
  expect(actionFor('find', { ...bare, code: 'F4' })).toBe('back')
  expect(actionFor('find', { ...bare, code: 'F2' })).toBeNull()
  expect(actionFor('find', { ...bare, code: 'Escape' })).toBe('back')
})

it('the key that pays goes on after it was paid, wherever HQ has put it', () => {
  moveKeys({ tender: 'F4', find: 'NumpadAdd' })
  expect(actionFor('sell', { ...bare, code: 'F4' })).toBe('tender')
  expect(actionFor('done', { ...bare, code: 'F4' })).toBe('next')
  expect(actionFor('done', { ...bare, code: 'NumpadAdd' })).toBe('find')
  expect(actionFor('done', { ...bare, code: 'Enter' })).toBe('next')
})

it('where nothing is moved the map is the usual one', () => {
  expect(moved(usual, {})).toEqual(usual)
})
