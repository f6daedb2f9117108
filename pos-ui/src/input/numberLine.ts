// What the fingers typed, always shown in the same place: a quantity, a code, money received.
import { ref } from 'vue'

/** Longer than any code a person types. */
const LENGTH_MAX = 32
const TAKEN = /^[0-9A-Za-z.\-_/]$/

/** Whether a number line with this text takes this character; `-` only inside a 货号 that began with a letter. */
export function takes(text: string, character: string): boolean {
  if (text.length >= LENGTH_MAX || !TAKEN.test(character)) return false
  const isCode = /[A-Za-z]/.test(text)
  if (character === '.') return text !== '' && (isCode || !text.includes('.'))
  if (/[-_/]/.test(character)) return isCode
  return true
}

/** The number line of a page. */
export function createNumberLine() {
  const text = ref('')
  let armed = ''

  return {
    text,
    /** Adds a character; false when it has no place there. */
    push(character: string): boolean {
      if (!takes(text.value, character)) return false
      text.value += character
      return true
    },
    erase() {
      text.value = text.value.slice(0, -1)
    },
    clear() {
      text.value = ''
      armed = ''
    },
    /** Answers what is there and clears it. */
    take(): string {
      const taken = text.value
      text.value = ''
      return taken
    },
    set(next: string) {
      text.value = next
      armed = next
    },
    /** Remembers the text at the first key of a burst. */
    arm() {
      armed = text.value
    },
    /** Takes back what the first key of a scan wrote. */
    restore() {
      text.value = armed
    },
  }
}

export type NumberLine = ReturnType<typeof createNumberLine>
