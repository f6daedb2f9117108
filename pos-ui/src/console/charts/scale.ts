// The steps of an axis of amounts, in whole fen.

/** More lines than this are a net. */
const STEPS_MAX = 4

/** The step between the lines of an axis that reaches `most`: 1, 2 or 5 times a power of ten, at least a yuan. */
export function stepOf(most: number): number {
  let power = 100
  for (;;) {
    for (const factor of [1, 2, 5]) {
      if (most <= factor * power * STEPS_MAX) return factor * power
    }
    power *= 10
  }
}

/** The lines above zero, up to the first that is not below `most`. */
export function linesOf(most: number): number[] {
  const step = stepOf(most)
  const count = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: count }, (_, at) => (at + 1) * step)
}

/** `2,000`, `1.2万`: a line's label in yuan, short. */
export function labelOf(fen: number, language: string): string {
  return new Intl.NumberFormat(language, { notation: 'compact' }).format(fen / 100)
}

/** The hours that a day's chart shows: the shop's usual ones, and every one that sold. */
export function hoursOf(sold: readonly number[]): number[] {
  const [from, to] = [Math.min(9, ...sold), Math.max(20, ...sold)]
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}
