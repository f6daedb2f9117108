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

const inForce = shallowRef<Keymap>(usual)

/** The keys as they are now; read where it is drawn, it is drawn anew when HQ moves one. */
export const keymap = (): Keymap => inForce.value

/** Takes another map. */
export const holdKeys = (map: Keymap) => void (inForce.value = map)

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
