import { expect, it } from 'vitest'
import { code128 } from './code128'

/** Bars of a path as a string of modules. */
function modules(text: string): string {
  const drawn = code128(text)
  if (!drawn) return ''
  const row = Array.from({ length: drawn.width }, () => ' ')
  for (const [, x, width] of drawn.path.matchAll(/M(\d+) 0h(\d+)/g)) {
    for (let at = Number(x); at < Number(x) + Number(width); at += 1) row[at] = '#'
  }
  return row.join('')
}

it('every symbol is eleven modules wide, the stop thirteen', () => {
  // Start B, A, check, stop.
  expect(code128('A')?.width).toBe(3 * 11 + 13)
  // Start C, 12, 34, check, stop.
  expect(code128('1234')?.width).toBe(4 * 11 + 13)
})

it('a code begins and ends as the standard says', () => {
  const row = modules('SH001-1-261121-0001')
  expect(row.startsWith('## #  #    ')).toBe(true)
  expect(row.endsWith('##   ### # ##')).toBe(true)
})

it('the check symbol of the textbook example is right', () => {
  // "PJJ123C" in set B has check 55 = pattern 311321 (ISO/IEC 15417, worked example in many manuals; digits under four stay in B).
  const row = modules('PJJ123C')
  const check = row.slice(-24, -13)
  expect(check).toBe('### #   ## ')
})

it('what it cannot say it refuses', () => {
  expect([code128(''), code128('柜台')]).toEqual([null, null])
})
