// Which codes are of goods, by their form alone.
// Invariant: twelve digits are left to the vouchers, of which many are printed so.

const LENGTHS: readonly number[] = [8, 13, 14]

/** Whether a code is a GTIN or an in-store label: its length and its check digit say so. */
export function isGoods(text: string): boolean {
  const code = text.trim()
  if (!/^[0-9]+$/.test(code) || !LENGTHS.includes(code.length)) return false
  const digits = [...code].reverse().map(Number)
  return digits.reduce((sum, digit, at) => sum + digit * (at % 2 === 0 ? 1 : 3), 0) % 10 === 0
}
