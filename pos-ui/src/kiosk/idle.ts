// When nobody is there any more: first a question, then everything goes.
// Invariant: pure; every touch starts anew, as often as somebody likes.

/** Where a shopper is, as far as patience goes. */
export type Patience = 'shopping' | 'paying' | 'paid' | 'never'

export interface Modes {
  elder: boolean
  reach: boolean
}

/** Nobody touched for so long: they are asked. */
const ASK_MS = 60_000
/** The question stands for so long: more than the 20 s of WCAG 2.2.1. */
const ANSWER_MS = 30_000
/** Looking for one's phone takes longer. */
const PAYING_MS = 180_000
/** A number is read and remembered. */
const PAID_MS = 15_000
/** 大字版: nothing ends by itself sooner. */
const ELDER_MS = 120_000
/** 低位: twice the time. */
const TWICE = 2

/** How long nobody may touch before they are asked, and how long the question stands. */
export function limitsOf(patience: Patience, modes: Modes): { askMs: number; answerMs: number } {
  const times = modes.elder || modes.reach ? TWICE : 1
  const least = modes.elder ? ELDER_MS : 0
  switch (patience) {
    case 'shopping':
      return {
        askMs: Math.max(ASK_MS * times, least),
        answerMs: Math.max(ANSWER_MS * times, least),
      }
    case 'paying':
      return { askMs: Math.max(PAYING_MS, least), answerMs: Math.max(ANSWER_MS * times, least) }
    case 'paid':
      // Nothing is asked: the number stands on the paper too, and anybody may touch to go on.
      return { askMs: Math.max(PAID_MS * times, least), answerMs: 0 }
    case 'never':
      return { askMs: Number.POSITIVE_INFINITY, answerMs: 0 }
  }
}

export type Idle =
  { kind: 'here' } | { kind: 'asked'; leftMs: number; ofMs: number } | { kind: 'gone' }

/** What `quietMs` without a touch mean. */
export function idleAfter(quietMs: number, patience: Patience, modes: Modes): Idle {
  const { askMs, answerMs } = limitsOf(patience, modes)
  if (quietMs < askMs) return { kind: 'here' }
  const leftMs = askMs + answerMs - quietMs
  return leftMs > 0 ? { kind: 'asked', leftMs, ofMs: answerMs } : { kind: 'gone' }
}
