import { describe, expect, it } from 'vitest'
import { createWedge, GAP_MS, physical, type Stroke } from './wedge'

const bare: Stroke = { key: '', code: '', shift: false, ctrl: false, alt: false }

function strokeFor(character: string): Stroke {
  if (/\d/.test(character)) return { ...bare, key: character, code: `Digit${character}` }
  if (/[A-Za-z]/.test(character)) {
    const shift = character !== character.toLowerCase()
    return { ...bare, key: character, code: `Key${character.toUpperCase()}`, shift }
  }
  if (character === '-') return { ...bare, key: '-', code: 'Minus' }
  if (character === '\n') return { ...bare, key: 'Enter', code: 'Enter' }
  return { ...bare, key: character, code: '' }
}

/** A page with a number line: what reaches it is what the wedge let through or played again. */
function bench() {
  const scans: string[] = []
  let line = ''
  let armed = ''
  let due: (() => void) | null = null
  const wedge = createWedge({
    onScan: (code) => scans.push(code),
    onTyped: (strokes) => strokes.forEach((stroke) => (line += physical(stroke))),
    arm: () => (armed = line),
    restore: () => (line = armed),
    after: (_, act) => {
      due = act
      return () => (due = null)
    },
  })
  let at = 0
  return {
    scans,
    line: () => line,
    /** Lets the hold-back time pass. */
    rest() {
      const act = due
      due = null
      act?.()
      at += 1_000
    },
    key(stroke: Stroke, gapMs: number) {
      at += gapMs
      const taken = wedge.press(stroke, at)
      if (!taken) line += physical(stroke)
      return taken
    },
    type(text: string, gapMs: number) {
      return [...text].map((character) => this.key(strokeFor(character), gapMs))
    },
  }
}

describe('a scanner', () => {
  it('is heard once, and leaves nothing on the number line', () => {
    const page = bench()
    page.type('6901234567892\n', 4)
    expect([page.scans, page.line()]).toEqual([['6901234567892'], ''])
  })

  it('is heard twenty times in order, back to back', () => {
    const page = bench()
    const codes = Array.from({ length: 20 }, (_, at) => String(6_901_234_500_000 + at))
    page.type(codes.map((code) => `${code}\n`).join(''), 1)
    expect(page.scans).toEqual(codes)
  })

  it('leaves the quantity that was typed before it', () => {
    const page = bench()
    page.type('3', 200)
    page.rest()
    page.type('6901234567892\n', 4)
    expect([page.scans, page.line()]).toEqual([['6901234567892'], '3'])
  })

  it('is read by physical keys while an input method is on', () => {
    const page = bench()
    for (const character of '6901') page.key({ ...strokeFor(character), key: 'Process' }, 4)
    page.key({ ...strokeFor('\n'), key: 'Process' }, 4)
    expect(page.scans).toEqual(['6901'])
  })

  it('may send capitals with Shift between the keys', () => {
    const page = bench()
    for (const character of 'W-KN2') {
      page.key({ ...bare, key: 'Shift', code: 'ShiftLeft' }, 1)
      page.key(strokeFor(character), 2)
    }
    page.key(strokeFor('\n'), 2)
    expect(page.scans).toEqual(['W-KN2'])
  })

  it('may end with Tab', () => {
    const page = bench()
    page.type('690123', 4)
    page.key({ ...bare, key: 'Tab', code: 'Tab' }, 4)
    expect(page.scans).toEqual(['690123'])
  })

  it('is still one scan when a busy page was late and had begun to play its keys again', () => {
    const page = bench()
    page.type('690123', 4)
    page.rest()
    expect(page.line()).toBe('690123')
    page.key(strokeFor('4'), -1_000 + 4)
    page.type('567892\n', 4)
    expect([page.scans, page.line()]).toEqual([['6901234567892'], ''])
  })
})

describe('a person', () => {
  it('who types fast loses no digit', () => {
    const page = bench()
    page.type('12', 20)
    page.rest()
    expect([page.scans, page.line()]).toEqual([[], '12'])
  })

  it('who types fast and presses Enter gets the digits before the Enter', () => {
    const page = bench()
    const taken = page.type('48\n', 20)
    expect([taken.at(-1), page.scans, page.line()]).toEqual([false, [], '48'])
  })

  it('who types at his own pace is never held back', () => {
    const page = bench()
    expect(page.type('6901234567892\n', GAP_MS + 1)).not.toContain(true)
    expect([page.scans, page.line()]).toEqual([[], '6901234567892'])
  })

  it('gets a minus at once, and a held one again when the burst was typed', () => {
    const page = bench()
    expect(page.type('-', 500)).toEqual([false])
    page.rest()
    page.type('1-', 20)
    page.rest()
    expect(page.line()).toBe('-1-')
  })

  it('keeps his shortcuts: Ctrl and Alt are never taken', () => {
    const page = bench()
    page.type('12', 4)
    expect(page.key({ ...strokeFor('p'), ctrl: true }, 4)).toBe(false)
  })
})

it('physical keys say the same whatever the layout of the moment', () => {
  expect(physical({ ...bare, key: 'à', code: 'Digit0' })).toBe('0')
  expect(physical({ ...bare, key: '+', code: 'Digit1', shift: true })).toBe('!')
  expect(physical({ ...bare, key: 'ф', code: 'KeyA' })).toBe('a')
  expect(physical({ ...bare, key: 'F2', code: 'F2' })).toBe('')
  expect(physical({ ...bare, key: 'End', code: 'Numpad1' })).toBe('1')
})
