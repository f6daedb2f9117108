// Code 128 as bars, so that the drawn slip can be scanned from the screen (ISO/IEC 15417).

/** Widths of bar, space, bar, … for symbol values 0–105, then the stop pattern. */
const PATTERNS =
  '212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112'.split(
    ' ',
  )
const START_B = 104
const START_C = 105
const CODE_B = 100
const CODE_C = 99
const STOP = 106
const MODULUS = 103

/** Symbol values of a text without check and stop: code set C for runs of four digits and more, B otherwise. */
function valuesOf(text: string): number[] {
  const values: number[] = []
  let set: 'B' | 'C' | null = null
  let at = 0
  while (at < text.length) {
    const digits = /^\d+/.exec(text.slice(at))?.[0].length ?? 0
    const inC: boolean = digits >= 4 || (set === 'C' && digits >= 2)
    const next: 'B' | 'C' = inC ? 'C' : 'B'
    if (set !== next) {
      const start = next === 'C' ? START_C : START_B
      values.push(set === null ? start : next === 'C' ? CODE_C : CODE_B)
      set = next
    }
    if (inC) {
      values.push(Number(text.slice(at, at + 2)))
      at += 2
    } else {
      values.push(text.charCodeAt(at) - 32)
      at += 1
    }
  }
  return values
}

/** The bars as one path of height 1, and the width in modules; null for what Code 128 B and C cannot say. */
export function code128(text: string): { path: string; width: number } | null {
  if (text === '' || !/^[ -~]+$/.test(text)) return null
  const values = valuesOf(text)
  const check = values.reduce((sum, value, index) => sum + value * Math.max(1, index), 0) % MODULUS
  let x = 0
  let path = ''
  for (const value of [...values, check, STOP]) {
    for (const [index, width] of [...(PATTERNS[value] ?? '')].entries()) {
      if (index % 2 === 0) path += `M${x} 0h${width}v1h-${width}z`
      x += Number(width)
    }
  }
  return { path, width: x }
}
