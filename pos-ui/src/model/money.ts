// Money as people read it. Amounts are whole minor units from the daemon; nothing here prices anything.
// Invariant: no floating point, no totals.
import type { Money } from '../api/types'

export type { Money } from '../api/types'

const SYMBOLS: Record<string, string> = { CNY: '¥', HKD: 'HK$', MOP: 'MOP$', TWD: 'NT$', USD: '$' }

/** Minor digits of a currency; the yuan has two and so has every currency the daemon knows. */
const MINOR_DIGITS = 2
const TYPED_YUAN = /^(\d{0,8})(?:\.(\d{0,2}))?$/

/** An amount cut into the pieces a screen sets in different sizes. */
export interface MoneyParts {
  sign: '' | '−'
  symbol: string
  figure: string
}

/** Cuts an amount into sign (U+2212), symbol and figure with thousands commas and two decimals. */
export function moneyParts({ amount, currency }: Money): MoneyParts {
  const digits = String(Math.abs(amount)).padStart(MINOR_DIGITS + 1, '0')
  const whole = digits.slice(0, -MINOR_DIGITS).replace(/\B(?=(\d{3})+$)/g, ',')
  return {
    sign: amount < 0 ? '−' : '',
    symbol: SYMBOLS[currency] ?? `${currency} `,
    figure: `${whole}.${digits.slice(-MINOR_DIGITS)}`,
  }
}

/** Writes an amount in one string, `−¥1,299.00`. The only way an amount becomes text. */
export function formatMoney(money: Money): string {
  const { sign, symbol, figure } = moneyParts(money)
  return `${sign}${symbol}${figure}`
}

/** How a reduction stands in a column of amounts: with a minus. One below zero was a raise, and stands without. */
export function takenOff({ amount, currency }: Money): Money {
  return { amount: 0 - amount, currency }
}

/** Reads what fingers typed (`100`, `99.5`) as minor units; null when it is no amount. */
export function parseTyped(text: string): number | null {
  const match = TYPED_YUAN.exec(text)
  if (!match || text === '' || text === '.') return null
  return Number(`${match[1] || '0'}${(match[2] ?? '').padEnd(MINOR_DIGITS, '0')}`)
}

/** Writes minor units the way fingers would have typed them: `400`, `307.17`. */
export function toTyped(amount: number): string {
  const digits = String(amount).padStart(MINOR_DIGITS + 1, '0')
  const fraction = digits.slice(-MINOR_DIGITS)
  const whole = digits.slice(0, -MINOR_DIGITS)
  return fraction === '00' ? whole : `${whole}.${fraction}`
}

/**
 * What is left of `received` after `due`, for the preview beside the number line.
 * A preview only: the change that counts, and that is printed, is the daemon's in `last_order.change`.
 */
export function changePreview(received: Money, due: Money): Money {
  return { amount: received.amount - due.amount, currency: due.currency }
}
