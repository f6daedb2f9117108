// How a receipt printer counts columns.
// GBK sends every character beyond ASCII as two bytes, and the printer draws it two columns wide
// (GB 18030 printers of the Epson family: kanji mode, font A 12 dots, kanji 24 dots).

/** A run of characters of one width. */
export interface Run {
  text: string
  wide: boolean
}

const isWide = (character: string) => (character.codePointAt(0) ?? 0) > 0x7f

/** Columns that a text takes before it is enlarged. */
export function columnsOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (isWide(character) ? 2 : 1), 0)
}

/** Cuts a text into runs: ASCII together, every wide character by itself. */
export function runsOf(text: string): Run[] {
  const runs: Run[] = []
  for (const character of text) {
    const wide = isWide(character)
    const last = runs.at(-1)
    if (!wide && last && !last.wide) last.text += character
    else runs.push({ text: character, wide })
  }
  return runs
}
