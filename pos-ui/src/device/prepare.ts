// What every page does before its first paint: unit, theme, language.
import { restoreLanguage } from '../locales'
import { followProfile, type Face } from './profile'
import { restoreTheme } from './theme'

/** Prepares the document for a face; resolves when its texts are there. */
export async function prepare(face: Face): Promise<void> {
  followProfile(face)
  restoreTheme()
  await restoreLanguage()
}
