// Tells a keyboard-wedge scanner from fingers, by physical keys, so that an input method cannot bend a barcode.
// A key that follows another within the gap is held back: either Enter comes and it was a scan,
// or the burst ends and every held key is played again as typed. Nobody loses a digit.

/** The part of a key event that matters. Held keys are played again as strokes. */
export interface Stroke {
  key: string
  code: string
  shift: boolean
  ctrl: boolean
  alt: boolean
}

export interface WedgeOptions {
  onScan(code: string): void
  /** Plays held keys again, in order: it was a person. */
  onTyped(strokes: readonly Stroke[]): void
  /** Called at the first key of a burst: remember what the key is about to change. */
  arm(): void
  /** Called when the burst was a scan: put back what its first key changed. */
  restore(): void
  gapMs?: number
  /** How many characters make a scan just now. */
  lengthMin?(): number
  after?(ms: number, act: () => void): () => void
}

/** Slower than this between two keys is a person; scanners stay under 20 ms even over Bluetooth. */
export const GAP_MS = 35
/** The shortest code that is a scan. GTIN-8 has eight digits, a short code of the shop may have four. */
export const LENGTH_MIN = 4

/** Characters of a US layout by physical key: plain and with Shift. Scanners are keyboards of this layout. */
const SYMBOLS: Record<string, readonly [string, string]> = {
  Minus: ['-', '_'],
  Equal: ['=', '+'],
  BracketLeft: ['[', '{'],
  BracketRight: [']', '}'],
  Backslash: ['\\', '|'],
  Semicolon: [';', ':'],
  Quote: ["'", '"'],
  Comma: [',', '<'],
  Period: ['.', '>'],
  Slash: ['/', '?'],
  Backquote: ['`', '~'],
  Space: [' ', ' '],
  NumpadSubtract: ['-', '-'],
  NumpadAdd: ['+', '+'],
  NumpadMultiply: ['*', '*'],
  NumpadDivide: ['/', '/'],
  NumpadDecimal: ['.', '.'],
}
const SHIFTED_DIGITS = ')!@#$%^&*('

/** The character a physical key stands for; empty when it stands for none. */
export function physical(stroke: Stroke): string {
  const digit = /^(Digit|Numpad)(\d)$/.exec(stroke.code)
  if (digit?.[2]) {
    const shifted = stroke.shift && digit[1] === 'Digit'
    return shifted ? (SHIFTED_DIGITS[Number(digit[2])] ?? '') : digit[2]
  }
  const letter = /^Key([A-Z])$/.exec(stroke.code)?.[1]
  if (letter) return stroke.shift ? letter : letter.toLowerCase()
  const symbol = SYMBOLS[stroke.code]
  if (symbol) return symbol[stroke.shift ? 1 : 0]
  // No physical code at all (some drivers, some remote desktops): trust the character.
  return stroke.code === '' && stroke.key.length === 1 ? stroke.key : ''
}

const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'CapsLock', 'NumLock', 'Fn'])
const ENDS = new Set(['Enter', 'NumpadEnter', 'Tab'])
/** Keys that act at once; no barcode of ours starts with them. */
const NEVER_FIRST = new Set(['-', '+', '*', ' '])

function later(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms)
  return () => clearTimeout(timer)
}

/** Makes the decoder. Give it every key press first; when it answers `true` the event must be cancelled. */
export function createWedge(options: WedgeOptions) {
  const gapMs = options.gapMs ?? GAP_MS
  const lengthMin = options.lengthMin ?? (() => LENGTH_MIN)
  const after = options.after ?? later
  let burst = ''
  let held: Stroke[] = []
  let last = Number.NEGATIVE_INFINITY
  let cancel = () => {}

  const release = () => {
    cancel()
    const typed = held
    held = []
    if (typed.length > 0) options.onTyped(typed)
  }

  const end = (): boolean => {
    const code = burst
    burst = ''
    if (code.length < lengthMin()) {
      release()
      return false
    }
    cancel()
    held = []
    options.restore()
    options.onScan(code)
    return true
  }

  const begin = (character: string): boolean => {
    release()
    burst = ''
    if (NEVER_FIRST.has(character)) return false
    options.arm()
    burst = character
    return false
  }

  /** Forgets the burst and its held keys; nothing is played again. */
  const drop = () => {
    cancel()
    burst = ''
    held = []
  }

  /** `at` is the event's own time stamp: a busy page delivers late what was typed fast. */
  const press = (stroke: Stroke, at: number): boolean => {
    if (MODIFIERS.has(stroke.key)) return false
    if (stroke.ctrl || stroke.alt) return false
    const quick = at - last <= gapMs
    last = at
    if (ENDS.has(stroke.code) || ENDS.has(stroke.key)) {
      if (quick && burst !== '') return end()
      release()
      burst = ''
      return false
    }
    const character = physical(stroke)
    if (character === '') {
      release()
      burst = ''
      return false
    }
    if (!quick || burst === '') return begin(character)
    burst += character
    held.push(stroke)
    cancel()
    // The burst is kept after the release: a late key of the same scan still belongs to it.
    cancel = after(gapMs + 15, release)
    return true
  }

  return { press, drop }
}
