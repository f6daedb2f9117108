// Which picture of a playlist is shown at a moment: every display of a store shows the same one.
import type { DisplaySlide } from '../api/types'

/** The place of the picture of this moment, counted from midnight of UTC on; the first where there is one. */
export function slideAt(slides: readonly DisplaySlide[], nowMs: number): number {
  const round = slides.reduce((sum, { seconds }) => sum + seconds, 0)
  if (round <= 0) return 0
  let left = Math.floor(nowMs / 1000) % round
  for (const [place, { seconds }] of slides.entries()) {
    if (left < seconds) return place
    left -= seconds
  }
  return 0
}
