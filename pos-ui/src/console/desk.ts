// What every part of the console shares: who is signed in, what the store is doing, which page is open.
import { inject, onScopeDispose, provide, ref, watch, type InjectionKey, type Ref } from 'vue'
import { troubleText, type Answer, type Trouble } from '../api/problem'
import type { Overview } from '../api/types'
import { followView, type LiveView } from '../stream/view'
import * as calls from './calls'

export const PAGES = [
  'today',
  'approvals',
  'orders',
  'stays',
  'devices',
  'sync',
  'settings',
  'staff',
] as const
export type Page = (typeof PAGES)[number]

/** A hand on the page is told no more often: it is there to keep the session, not to be watched. */
const PRESENCE_MS_MIN = 60_000
/** How long what was done is said. */
const SAID_MS = 6_000

/** The page that an address names; the first by itself. */
export function pageOf(hash: string): Page {
  return PAGES.find((page) => `#/${page}` === hash) ?? 'today'
}

/** What was done or did not work, in words. */
export interface Said {
  tone: 'plain' | 'refuse'
  title: string
  detail: string
}

export interface Desk {
  live: LiveView<Overview>
  page: Readonly<Ref<Page>>
  said: Ref<Said | null>
  go(page: Page): void
  /** Says what was done. */
  tell(title: string, detail?: string): void
  /** The data of an answer; a problem is said, and a session that has ended ends the page. */
  take<T>(answer: Answer<T>): T | null
}

const KEY: InjectionKey<Desk> = Symbol('desk')

/** Follows the store for as long as the calling component lives; `onOver` when the session has ended. */
export function createDesk(onOver: () => void): Desk {
  const live = followView<Overview>(calls.streamUrl)
  const page = ref(pageOf(location.hash))
  const said: Ref<Said | null> = ref(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  const show = (next: Said) => {
    clearTimeout(timer)
    said.value = next
    if (next.tone === 'plain') timer = setTimeout(() => (said.value = null), SAID_MS)
  }
  const fail = (trouble: Trouble) => {
    if (trouble.slug === 'console-sign-in-required') onOver()
    else show({ tone: 'refuse', ...troubleText(trouble) })
  }
  const onHash = () => {
    page.value = pageOf(location.hash)
    said.value = null
  }
  window.addEventListener('hashchange', onHash)

  // A stream that ends may have ended with its session.
  watch(live.link, async (link) => {
    if (link !== 'stale') return
    const still = await calls.who()
    if (!still.ok && still.problem.status === 401) onOver()
  })

  let toldAt = Date.now()
  const onHand = () => {
    if (Date.now() - toldAt < PRESENCE_MS_MIN) return
    toldAt = Date.now()
    void calls.presence().then((answer) => {
      if (!answer.ok && answer.problem.status === 401) onOver()
    })
  }
  for (const hand of ['pointerdown', 'keydown'] as const) window.addEventListener(hand, onHand)

  onScopeDispose(() => {
    clearTimeout(timer)
    window.removeEventListener('hashchange', onHash)
    for (const hand of ['pointerdown', 'keydown'] as const) {
      window.removeEventListener(hand, onHand)
    }
  })
  return {
    live,
    page,
    said,
    go: (next) => (location.hash = `#/${next}`),
    tell: (title, detail = '') => show({ tone: 'plain', title, detail }),
    take: (answer) => {
      if (answer.ok) return answer.data
      fail(answer.problem)
      return null
    },
  }
}

export function provideDesk(desk: Desk): Desk {
  provide(KEY, desk)
  return desk
}

/** The desk of the console that this part stands in. */
export function useDesk(): Desk {
  const desk = inject(KEY)
  if (!desk) throw new Error('no desk: this part stands outside of the console')
  return desk
}
