// Which key does what. The map is one JSON file, with the keys that HQ has moved laid over it; the overlay
// draws what this file holds, so it cannot lie.
import { shallowRef } from 'vue'
import type { Stroke } from '../scan/wedge'
import defaults from './keymap.default.json'

export type Place = keyof typeof defaults

export type Action =
  | 'keys'
  | 'lock'
  | 'reprint'
  | 'enter'
  | 'quantity'
  | 'less'
  | 'tender'
  | 'erase'
  | 'back'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  | 'void'
  | 'void-cart'
  | 'find'
  | 'undo'
  | 'phone'
  | 'pick'
  | 'redeem'
  | 'member'
  | 'identify'
  | 'pickups'
  | 'hand-over'
  | 'online-return'
  | 'take-back'
  | 'look-up'
  | 'code'
  | 'query'
  | 'take-off'
  | 'post-void'
  | 'price'
  | 'complete'
  | 'note-next'
  | 'note-before'
  | 'next'
  | 'sign-in'
  | 'clear'
  | 'yes'
  | 'no'

export interface Binding {
  action: Action
  /** Chords such as `F2`, `Shift+Delete`, `Ctrl+KeyP`, by physical key. */
  chords: readonly string[]
}

export type Keymap = Readonly<Record<Place, readonly Binding[]>>

export const usual = Object.fromEntries(
  Object.entries(defaults).map(([place, bindings]) => [
    place,
    bindings.map(([action, chords]) => ({ action, chords })),
  ]),
) as unknown as Keymap

/** Panels whose key closes them again. */
const PANELS: readonly Place[] = ['find', 'redeem', 'member']

/** The map with these actions on other keys, in every place that has them; the rest stays where it is. */
export function moved(keys: Readonly<Record<string, string>>): Keymap {
  const of = ({ action, chords }: Binding): Binding => {
    const chord = keys[action]
    return chord === undefined ? { action, chords } : { action, chords: [chord] }
  }
  const opening = (place: Place) => usual.sell.find(({ action }) => action === place)?.chords[0]
  const place = ([name, bindings]: [string, readonly Binding[]]) => {
    const chord = PANELS.includes(name as Place) ? keys[name] : undefined
    if (chord === undefined) return [name, bindings.map(of)]
    const before = opening(name as Place)
    const again = bindings.map(({ action, chords }) => ({
      action,
      chords: action === 'back' ? chords.map((one) => (one === before ? chord : one)) : chords,
    }))
    return [name, again.map(of)]
  }
  return Object.fromEntries(Object.entries(usual).map(place)) as Keymap
}

const inForce = shallowRef<Keymap>(usual)
let told = ''

/** The keys as they are now; read where it is drawn, it is drawn anew when HQ moves one. */
export const keymap = (): Keymap => inForce.value

/** Takes over what HQ has moved. */
export function moveKeys(keys: Readonly<Record<string, string>>): void {
  const text = JSON.stringify(keys)
  if (text === told) return
  told = text
  inForce.value = moved(keys)
}

/** Chords that Chromium or the window manager keeps, or that a plain window never hands over. */
export const RESERVED: readonly string[] = [
  'F11',
  'Alt+F4',
  'Ctrl+KeyN',
  'Ctrl+KeyT',
  'Ctrl+KeyW',
  'Ctrl+Shift+KeyN',
  'Ctrl+Shift+KeyT',
  'Ctrl+Shift+KeyW',
  'Ctrl+Tab',
  'Ctrl+Shift+Tab',
  'Alt+Tab',
]

/** Keys without a physical code (synthetic events, some remote desktops) go by their name. */
function codeOf(stroke: Stroke): string {
  if (stroke.code !== '') return stroke.code
  return stroke.key === ' ' ? 'Space' : stroke.key
}

/** The chord of a stroke, as the map writes it. */
export function chordOf(stroke: Stroke): string {
  const held = [stroke.ctrl ? 'Ctrl' : '', stroke.alt ? 'Alt' : '', stroke.shift ? 'Shift' : '']
  return [...held.filter((name) => name !== ''), codeOf(stroke)].join('+')
}

/** What a stroke does in a place, looking in `any` last. */
export function actionFor(place: Place, stroke: Stroke): Action | null {
  const chord = chordOf(stroke)
  const found = [...keymap()[place], ...keymap().any].find(({ chords }) => chords.includes(chord))
  return found?.action ?? null
}

const CAPS: Record<string, string> = {
  NumpadMultiply: '*',
  NumpadSubtract: '−',
  NumpadAdd: '+',
  NumpadEnter: 'Enter',
  Minus: '−',
  Escape: 'Esc',
  Delete: 'Del',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Insert: 'Ins',
  NumpadDivide: '/',
  'Shift+Digit8': '*',
}

/** How a chord is printed on a keycap. */
export function capOf(chord: string): string {
  const whole = CAPS[chord]
  if (whole) return whole
  return chord
    .split('+')
    .map((part) => CAPS[part] ?? part.replace(/^Key/, ''))
    .join('+')
}

/** The caps of a binding, without the second key of the same print. */
export function capsOf(binding: Binding): string[] {
  return [...new Set(binding.chords.map(capOf))]
}

/** The cap a button shows for an action of a place; empty when no key is mapped. */
export function capFor(place: Place, action: Action): string {
  const binding = [...keymap()[place], ...keymap().any].find((one) => one.action === action)
  return binding?.chords[0] ? capOf(binding.chords[0]) : ''
}
