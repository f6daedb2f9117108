import { describe, expect, it } from 'vitest'
import { hasText } from '../locales'
import { actionFor, capFor, capOf, keymap, RESERVED, type Place } from './keymap'

const places = Object.keys(keymap) as Place[]
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
  for (const chord of ['F4', 'F5', 'F9', 'F10']) expect(all).not.toContain(chord)
})

it('a keycap is printed as on the keyboard', () => {
  expect([capOf('NumpadSubtract'), capOf('Shift+Delete'), capOf('Ctrl+KeyP')]).toEqual([
    '−',
    'Shift+Del',
    'Ctrl+P',
  ])
  expect([capFor('sell', 'find'), capFor('sell', 'complete')]).toEqual(['F2', ''])
})
