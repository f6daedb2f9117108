// Keys that HQ has moved, laid over the usual map. Fetched only where there are any, and apart from the map itself, so
// that nobody who has none waits for it.
import type { Binding, Keymap, Place } from './keymap'

/** Panels whose key closes them again. */
const PANELS: readonly Place[] = ['find', 'redeem', 'member']

/** The map with these actions on other keys, in every place that has them; the rest stays where it is. */
export function moved(usual: Keymap, keys: Readonly<Record<string, string>>): Keymap {
  const sold = (name: string) => usual.sell.find(({ action }) => action === name)?.chords ?? []
  const pays = keys['tender']
  const of = ({ action, chords }: Binding): Binding => {
    // The keys that pay go on after the sale, too.
    if (action === 'next' && pays !== undefined) {
      const paying = sold('tender')
      return { action, chords: [...chords.filter((one) => !paying.includes(one)), pays] }
    }
    const chord = keys[action]
    return chord === undefined ? { action, chords } : { action, chords: [chord] }
  }
  const place = ([name, bindings]: [string, readonly Binding[]]) => {
    const chord = PANELS.includes(name as Place) ? keys[name] : undefined
    if (chord === undefined) return [name, bindings.map(of)]
    const [opening] = sold(name)
    const again = bindings.map(({ action, chords }) => ({
      action,
      chords: action === 'back' ? chords.map((one) => (one === opening ? chord : one)) : chords,
    }))
    return [name, again.map(of)]
  }
  return Object.fromEntries(Object.entries(usual).map(place)) as Keymap
}
