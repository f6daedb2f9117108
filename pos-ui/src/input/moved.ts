// Keys that HQ has moved, laid over the usual map. Fetched only where there are any.
import { holdKeys, usual, type Binding, type Keymap, type Place } from './keymap'

/** Panels whose key closes them again. */
const PANELS: readonly Place[] = ['find', 'redeem', 'member']

/** What `next` does after a sale is on the keys that pay, too. */
const paying = usual.sell.find(({ action }) => action === 'tender')?.chords ?? []

/** The map with these actions on other keys, in every place that has them; the rest stays where it is. */
export function moved(keys: Readonly<Record<string, string>>): Keymap {
  const of = ({ action, chords }: Binding): Binding => {
    const pays = keys['tender']
    if (action === 'next' && pays !== undefined) {
      return { action, chords: [...chords.filter((one) => !paying.includes(one)), pays] }
    }
    const chord = keys[action]
    return chord === undefined ? { action, chords } : { action, chords: [chord] }
  }
  const opening = (place: Place) => usual.sell.find(({ action }) => action === place)?.chords[0]
  const place = ([name, bindings]: [string, readonly Binding[]]) => {
    const chord = PANELS.includes(name as Place) ? keys[name] : undefined
    if (chord === undefined) return [name, bindings.map(of)]
    const before = opening(name as Place)
    const again = bindings.map(({ action, chords }) => ({
      action,
      chords: action === 'back' ? chords.map((one) => (one === before ? chord : one)) : chords,
    }))
    return [name, again.map(of)]
  }
  return Object.fromEntries(Object.entries(usual).map(place)) as Keymap
}

/** Takes over what HQ has moved. */
export const moveKeys = (keys: Readonly<Record<string, string>>) => holdKeys(moved(keys))
