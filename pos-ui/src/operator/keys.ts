// Where a key goes: the scanner's burst first, then a focused field, then the key map, then the number line.
import { onScopeDispose, watch } from 'vue'
import { actionFor, type Action, type Place } from '../input/keymap'
import { createLeakGuard, typeIntoField } from '../scan/leakGuard'
import { createWedge, LENGTH_MIN, physical, type Stroke } from '../scan/wedge'

export interface KeyOptions {
  place(): Place
  /** Keys do nothing now but lock: the daemon is away. Read reactively. */
  inert(): boolean
  act(action: Action): void
  /** A character that no key of the map took. */
  type(character: string): void
  /** Whether a key of the map is, just now, only a character: `-` inside a 货号. */
  isText(character: string): boolean
  scan(code: string): void
  /** A scan that has no place now: the daemon is away, or nobody is signed in. */
  blocked(): void
  numberLine: { arm(): void; restore(): void; clear(): void }
}

/** A key event as a stroke; a key of an input method keeps its physical code. */
export function strokeOf(event: KeyboardEvent): Stroke {
  return {
    key: event.key,
    code: event.code,
    shift: event.shiftKey,
    ctrl: event.ctrlKey || event.metaKey,
    alt: event.altKey,
  }
}

const isField = (element: Element | null): boolean =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement

/** Keys that act although a field has the focus; every other key is the field's own. */
const ABOVE_FIELD = /^(F\d+|Escape|Enter|NumpadEnter|ArrowUp|ArrowDown|PageUp|PageDown)$/

/** Keys that a focused button or link answers itself. */
const PRESSES = /^(Enter|NumpadEnter|Space)$/

/** Actions that a held key may do again and again; every other is done once for each press. */
const REPEATS: ReadonlySet<Action> = new Set(['erase', 'up', 'down', 'page-up', 'page-down'])

/** On the sign-in page a burst of this many characters is a scanner; a shorter one may be a quick PIN. */
const SIGN_IN_LENGTH_MIN = 8

/** Listens for as long as the calling component lives. */
export function listenKeys(options: KeyOptions): void {
  const fields = createLeakGuard()
  const wedge = createWedge({
    onScan: (code) => (isScanBlocked() ? options.blocked() : options.scan(code)),
    onTyped(strokes) {
      if (options.inert()) return
      // The first key of the burst was not held back.
      if (options.place() === 'sign-in' && strokes.length + 1 >= SIGN_IN_LENGTH_MIN) {
        restore()
        return options.blocked()
      }
      strokes.forEach((stroke) => handle(stroke, null))
    },
    lengthMin: () =>
      options.place() === 'sign-in' && !options.inert() ? SIGN_IN_LENGTH_MIN : LENGTH_MIN,
    arm() {
      fields.arm()
      options.numberLine.arm()
    },
    restore,
  })
  const isScanBlocked = () => options.inert() || options.place() === 'sign-in'

  function restore() {
    fields.restore()
    options.numberLine.restore()
  }

  // Half a burst and half a number must not meet what is typed once the daemon is back.
  watch(
    () => options.inert(),
    (inert) => {
      if (!inert) return
      wedge.drop()
      options.numberLine.clear()
    },
    { flush: 'sync' },
  )

  function handle(stroke: Stroke, event: KeyboardEvent | null): void {
    const focused = document.activeElement
    const character = physical(stroke)
    if (isField(focused)) {
      if (!event) return void typeIntoField(stroke.key.length === 1 ? stroke.key : character)
      if (event.isComposing || (!ABOVE_FIELD.test(stroke.code) && !stroke.ctrl)) return
    } else if (event && focused instanceof HTMLButtonElement && PRESSES.test(stroke.code)) {
      // A held Enter would press the button at every beat.
      if (event.repeat) event.preventDefault()
      return
    }
    const action = actionFor(options.place(), stroke)
    if (action && !(character !== '' && options.isText(character))) {
      event?.preventDefault()
      if (event?.repeat && !REPEATS.has(action)) return
      return options.act(action)
    }
    if (character === '' || stroke.ctrl || stroke.alt || isField(focused)) return
    event?.preventDefault()
    options.type(character)
  }

  function onKeydown(event: KeyboardEvent) {
    const stroke = strokeOf(event)
    // Where it is no key of the map, the browser would load the page anew and lose what was typed.
    if (stroke.code === 'F5') event.preventDefault()
    // A key held down repeats as fast as a scanner types; it is a person.
    const taken = !event.repeat && wedge.press(stroke, event.timeStamp)
    if (taken) {
      event.preventDefault()
      event.stopPropagation()
      return
    }
    if (options.inert()) {
      const action = actionFor(options.place(), stroke)
      if (action) event.preventDefault()
      if (action === 'lock' && !event.repeat) options.act('lock')
      return
    }
    handle(stroke, event)
  }

  window.addEventListener('keydown', onKeydown, { capture: true })
  onScopeDispose(() => window.removeEventListener('keydown', onKeydown, { capture: true }))
}
