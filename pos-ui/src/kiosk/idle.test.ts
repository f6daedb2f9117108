import { describe, expect, it } from 'vitest'
import { idleAfter, limitsOf } from './idle'

const plain = { elder: false, reach: false }

describe('a shopper who looks around', () => {
  it('is asked after a minute and forgotten half a minute later', () => {
    const at = (ms: number) => idleAfter(ms, 'shopping', plain).kind
    expect([at(0), at(59_999), at(60_000), at(89_999), at(90_000)]).toEqual([
      'here',
      'here',
      'asked',
      'asked',
      'gone',
    ])
  })
  it('has twice the time in reach mode, and nothing under two minutes in elder mode', () => {
    expect(limitsOf('shopping', { ...plain, reach: true })).toEqual({
      askMs: 120_000,
      answerMs: 60_000,
    })
    for (const patience of ['shopping', 'paying', 'paid'] as const) {
      const { askMs, answerMs } = limitsOf(patience, { elder: true, reach: false })
      expect(askMs).toBeGreaterThanOrEqual(120_000)
      if (patience !== 'paid') expect(answerMs).toBeGreaterThanOrEqual(120_000)
    }
  })
})

it('who pays has three minutes to find a phone', () => {
  expect(idleAfter(179_999, 'paying', plain).kind).toBe('here')
  expect(idleAfter(180_000, 'paying', plain)).toEqual({
    kind: 'asked',
    leftMs: 30_000,
    ofMs: 30_000,
  })
})

it('a result goes without a question', () => {
  expect(idleAfter(14_999, 'paid', plain).kind).toBe('here')
  expect(idleAfter(15_000, 'paid', plain).kind).toBe('gone')
})

it('nothing is forgotten while nobody knows whether it is paid', () => {
  expect(idleAfter(86_400_000, 'never', plain).kind).toBe('here')
})
