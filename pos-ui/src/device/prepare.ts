// What every page does before its first paint: unit, theme, language.
import { restoreLanguage } from '../locales'
import { followProfile, type Face, type unitPx } from './profile'
import { restoreTheme } from './theme'

/** Prepares the document for a face; resolves when its texts are there. */
export async function prepare(face: Face, unit?: typeof unitPx): Promise<void> {
  followProfile(face, unit)
  restoreTheme()
  await restoreLanguage()
}
