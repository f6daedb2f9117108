// The phone as one object: what the node says of this phone's cart, and what the shopper does. Every part takes it from here.
// Invariant: no totals, no prices; nothing of the shopper stays in this page's storage.
import { inject, provide, ref, shallowRef, type InjectionKey } from 'vue'
import { unreachable, type Answer, type Trouble } from '../api/problem'
import type { PhoneItem, PhoneView } from '../api/types'
import { newId } from '../model/id'
import * as calls from './calls'

/** Where the shopper is. The phone's own "back" goes back through these. */
export type Place = 'scan' | 'item' | 'cart' | 'show'

/** A shown code is looked after this often: the tick comes within two seconds. */
const LOOK_MS = 1_500

export const PHONE: InjectionKey<Phone> = Symbol('phone')

const ours = (slug: string): Trouble => ({ ...unreachable(), slug })
const isStranger = ({ slug }: Trouble) => slug === 'phone-join' || slug === 'phone-join-over'

/** Makes the phone; lives as long as the page. */
export function createPhone() {
  const view = shallowRef<PhoneView | null>(null)
  const item = shallowRef<PhoneItem | null>(null)
  const told = shallowRef<Trouble | null>(null)
  /** Why this phone is outside: it has to scan a QR of the store. */
  const outside = shallowRef<Trouble | null>(null)
  const place = ref<Place>('scan')
  const busy = ref<'photo' | 'item' | 'add' | 'line' | 'show' | null>(null)
  const away = ref(false)
  let overAt: string | undefined
  let looking: ReturnType<typeof setTimeout> | undefined

  const dismiss = () => void (told.value = null)

  function go(next: Place) {
    dismiss()
    if (next === place.value) return
    history.pushState({ place: next }, '')
    place.value = next
    look()
  }
  const back = () => (history.state?.place ? history.back() : go('scan'))
  window.addEventListener('popstate', (event: PopStateEvent) => {
    const to = (event.state as { place?: Place } | null)?.place ?? 'scan'
    // An item that is no longer here has no page.
    place.value = to === 'item' && !item.value ? 'scan' : to
    dismiss()
    look()
  })

  function accept(next: PhoneView) {
    // A cart that a till has taken in, and the shopper has seen it, is over on this page.
    const isOver = next.taken && next.taken.at === overAt
    view.value = isOver ? { ...next, cart: null, code: null, taken: null } : next
    outside.value = null
    away.value = false
  }

  function refuse(problem: Trouble) {
    if (isStranger(problem)) outside.value = problem
    else if (problem.status === 0 && !view.value) away.value = true
    else told.value = problem
  }

  async function ask(
    what: NonNullable<typeof busy.value>,
    call: () => Promise<Answer<PhoneView>>,
  ): Promise<boolean> {
    if (busy.value) return false
    busy.value = what
    dismiss()
    const answer = await call()
    busy.value = null
    if (answer.ok) accept(answer.data)
    else refuse(answer.problem)
    return answer.ok
  }

  /** Joins with the link's token, or goes on with the cookie of before. */
  async function open() {
    const url = new URL(location.href)
    const token = url.searchParams.get('j')
    const joined = token ? await calls.join(token) : await calls.view()
    // The token is no part of an address that somebody might pass on.
    url.searchParams.delete('j')
    history.replaceState(null, '', url)
    if (joined.ok) return accept(joined.data)
    // An old link on a phone that is known already lets it in all the same.
    const known = token ? await calls.view() : joined
    if (known.ok) accept(known.data)
    else refuse(isStranger(joined.problem) ? joined.problem : known.problem)
  }

  /** While a code is shown, looks whether a till has taken the cart in. */
  function look() {
    clearTimeout(looking)
    if (place.value !== 'show' || view.value?.taken) return
    looking = setTimeout(async () => {
      if (document.visibilityState === 'visible') {
        const answer = await calls.view()
        if (answer.ok) accept(answer.data)
        else if (isStranger(answer.problem)) outside.value = answer.problem
      }
      look()
    }, LOOK_MS)
  }

  /** Looks an item up and goes to its page. */
  async function find(code: string): Promise<boolean> {
    const text = code.trim()
    if (text === '' || busy.value) return false
    busy.value = 'item'
    dismiss()
    const answer = await calls.item(text)
    busy.value = null
    if (!answer.ok) {
      refuse(answer.problem)
      return false
    }
    item.value = answer.data
    go('item')
    return true
  }

  /** Reads a photo and looks up what is on it. */
  async function photo(file: Blob): Promise<boolean> {
    if (busy.value) return false
    busy.value = 'photo'
    dismiss()
    const { readPhoto } = await import('./decode')
    const code = await readPhoto(file)
    busy.value = null
    if (code === null) {
      told.value = ours('photo-unread')
      return false
    }
    return find(code)
  }

  const add = (code: string) => {
    const id = newId()
    return ask('add', () => calls.add(id, code))
  }
  const count = (line: string, milli: number) => {
    const id = newId()
    return ask('line', () => (milli > 0 ? calls.count(id, line, milli) : calls.remove(id, line)))
  }
  async function show() {
    const id = newId()
    if (await ask('show', () => calls.show(id))) go('show')
  }

  /** After a till has taken the cart in: the next one begins with what is scanned next. */
  function anew() {
    const now = view.value
    overAt = now?.taken?.at
    if (now) accept(now)
    item.value = null
    go('scan')
  }

  return {
    view,
    item,
    told,
    outside,
    away,
    place,
    busy,
    dismiss,
    go,
    back,
    open,
    find,
    photo,
    add,
    count,
    show,
    anew,
  }
}

export type Phone = ReturnType<typeof createPhone>

/** Gives the phone to all parts below. */
export function providePhone(phone: Phone): Phone {
  provide(PHONE, phone)
  return phone
}

/** The phone of this page. */
export function usePhone(): Phone {
  const phone = inject(PHONE)
  if (!phone) throw new Error('usePhone needs providePhone above it')
  return phone
}
