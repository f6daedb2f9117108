// Which variants there are, and which one a touch means.
import type { Variant } from '../../api/types'

/** The colours of a style, in the order of the shelf. */
export function colours(variants: readonly Variant[]): string[] {
  return [...new Set(variants.map(({ colour }) => colour))].filter((colour) => colour !== '')
}

/** What there is in a colour, by size; all of them where there are no colours. */
export function sizesOf(variants: readonly Variant[], colour: string): Variant[] {
  return variants.filter((one) => one.colour === colour)
}

/** The variant of a colour in the size that was chosen before, else its first. */
export function pick(variants: readonly Variant[], colour: string, size: string): Variant | null {
  const inColour = sizesOf(variants, colour)
  return inColour.find((one) => one.size === size) ?? inColour[0] ?? null
}
