// Where a key goes: the scanner's burst first, then a focused field, then the key map, then the number line.
import { onScopeDispose } from 'vue'
import { actionFor, type Action, type Place } from '../input/keymap'
import { createLeakGuard, typeIntoField } from '../scan/leakGuard'
import { createWedge, physical, type Stroke } from '../scan/wedge'

export interface KeyOptions {
  place(): Place
  /** Keys do nothing now but lock: the daemon is away. */
  inert(): boolean
  act(action: Action): void
  /** A character that no key of the map took. */
  type(character: string): void
  /** Whether a key of the map is, just now, only a character: `-` inside a 货号. */
  isText(character: string): boolean
  scan(code: string): void
  numberLine: { arm(): void; restore(): void }
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

/** Listens for as long as the calling component lives. */
export function listenKeys(options: KeyOptions): void {
  const fields = createLeakGuard()
  const wedge = createWedge({
    onScan: options.scan,
    onTyped: (strokes) => strokes.forEach((stroke) => handle(stroke, null)),
    arm() {
      fields.arm()
      options.numberLine.arm()
    },
    restore() {
      fields.restore()
      options.numberLine.restore()
    },
  })

  function handle(stroke: Stroke, event: KeyboardEvent | null): void {
    const focused = document.activeElement
    const character = physical(stroke)
    if (isField(focused)) {
      if (!event) return void typeIntoField(stroke.key.length === 1 ? stroke.key : character)
      if (event.isComposing || (!ABOVE_FIELD.test(stroke.code) && !stroke.ctrl)) return
    } else if (event && focused instanceof HTMLButtonElement && PRESSES.test(stroke.code)) {
      return
    }
    const action = actionFor(options.place(), stroke)
    if (action && !(character !== '' && options.isText(character))) {
      event?.preventDefault()
      return options.act(action)
    }
    if (character === '' || stroke.ctrl || stroke.alt || isField(focused)) return
    event?.preventDefault()
    options.type(character)
  }

  function onKeydown(event: KeyboardEvent) {
    const stroke = strokeOf(event)
    if (options.inert()) {
      const action = actionFor(options.place(), stroke)
      if (action) event.preventDefault()
      if (action === 'lock') options.act('lock')
      return
    }
    // A key held down repeats as fast as a scanner types; it is a person.
    const taken = !event.repeat && options.place() !== 'sign-in' && wedge(stroke, event.timeStamp)
    if (taken) {
      event.preventDefault()
      event.stopPropagation()
      return
    }
    handle(stroke, event)
  }

  window.addEventListener('keydown', onKeydown, { capture: true })
  onScopeDispose(() => window.removeEventListener('keydown', onKeydown, { capture: true }))
}
