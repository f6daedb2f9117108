// Quantities in thousandths as people read and type them.
const TYPED_QUANTITY = /^(\d{1,4})(?:\.(\d{1,3}))?$/

/** One piece, one kilogram. */
export const ONE = 1000

/** Writes thousandths: `2` for 2000, `0.452` for 452. */
export function formatQuantity(milli: number): string {
  const sign = milli < 0 ? '−' : ''
  const digits = String(Math.abs(milli)).padStart(4, '0')
  const fraction = digits.slice(-3)
  const whole = digits.slice(0, -3)
  return fraction === '000' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`
}

/** Writes how many of an item: `× 2`, or `× 0.452 千克` when `unit` has a name. */
export function formatMany(milli: number, unit = ''): string {
  return `×\u2009${formatQuantity(milli)}${unit === '' ? '' : ` ${unit}`}`
}

/** Writes how many pieces of a line are meant, `× 1` of 2; nothing where it is all of them. */
export function formatPart(pieces: number, milli: number): string {
  return pieces * ONE < milli ? formatMany(pieces * ONE) : ''
}

/** Reads a typed quantity as thousandths; null when it is none, zero, or more than the number line allows. */
export function parseQuantity(text: string): number | null {
  const match = TYPED_QUANTITY.exec(text)
  if (!match) return null
  const milli = Number(`${match[1]}${(match[2] ?? '').padEnd(3, '0')}`)
  return milli > 0 ? milli : null
}
