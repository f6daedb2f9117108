import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const css = readFileSync('src/styles/tokens.css', 'utf8')

function tokensOf(selector: string): Record<string, string> {
  const from = css.indexOf(`${selector} {`)
  const block = css.slice(from, css.indexOf('}', from))
  return Object.fromEntries(
    [...block.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]),
  )
}

/** Relative luminance of WCAG 2. */
function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** Text on ground, and the least ratio: 4.5 for text, 3 for borders and marks (WCAG 2.2 1.4.3, 1.4.11). */
const PAIRS: readonly [string, string, number][] = [
  ['--ink', '--paper', 7],
  ['--ink', '--paper-2', 7],
  ['--ink', '--celadon-wash', 7],
  ['--ash', '--paper', 4.5],
  ['--ash', '--paper-2', 4.5],
  ['--ash', '--celadon-wash', 4.5],
  ['--celadon', '--paper', 4.5],
  ['--celadon', '--paper-2', 4.5],
  ['--celadon-ink', '--celadon', 4.5],
  ['--cinnabar-ink', '--cinnabar', 4.5],
  ['--cinnabar', '--paper', 4.5],
  ['--cinnabar', '--paper-2', 4.5],
  ['--cinnabar', '--celadon-wash', 4.5],
  ['--cinnabar', '--cinnabar-wash', 4.5],
  ['--ink', '--cinnabar-wash', 7],
  ['--gamboge', '--paper', 4.5],
  ['--gamboge', '--paper-2', 4.5],
  ['--gamboge-ink', '--gamboge-fill', 4.5],
  ['--indigo', '--paper', 4.5],
  ['--indigo', '--paper-2', 4.5],
  ['--edge', '--paper', 3],
  ['--edge', '--paper-2', 3],
]

const light = tokensOf(':root')
const themes = {
  light,
  dark: { ...light, ...tokensOf("[data-theme='dark']") },
  contrast: { ...light, ...tokensOf("[data-theme='contrast']") },
}

describe.each(Object.entries(themes))('the %s theme', (_, tokens) => {
  it.each(PAIRS)('%s on %s is at least %d', (text, ground, least) => {
    expect(contrast(tokens[text] ?? '#000000', tokens[ground] ?? '#000000')).toBeGreaterThanOrEqual(
      least,
    )
  })
})

it('every theme names every colour', () => {
  const names = Object.keys(light)
  expect(names.length).toBeGreaterThan(14)
  expect(Object.keys(tokensOf("[data-theme='dark']"))).toEqual(names)
  expect(Object.keys(tokensOf("[data-theme='contrast']"))).toEqual(names)
})

it('the measure itself is right: black on white is 21', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
})
