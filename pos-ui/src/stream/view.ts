// The last view of the daemon, and how far it can be trusted.
// Invariant: a view is taken whole or not at all; nothing is computed from it here.
import { onScopeDispose, ref, shallowRef, watchEffect, type Ref } from 'vue'
import { keepStream, type Source } from './stream'

/** What every view carries, so that old news can be told from new. */
export interface Versioned {
  boot: string
  revision: number
  build: string
}

export type LinkState = 'boot' | 'live' | 'stale'

export interface LiveView<V extends Versioned> {
  view: Readonly<Ref<V | null>>
  /** `boot` until the first view, `stale` when the stream is silent or closed. */
  link: Readonly<Ref<LinkState>>
  /** When the stream was last heard, in milliseconds since 1970. */
  heardAt: Readonly<Ref<number>>
  /** True when the daemon was replaced by another build since this page was loaded. */
  outdated: Readonly<Ref<boolean>>
  /** Takes a view that came as the answer to a command. */
  accept(view: V): void
  /** Asks for the view anew, because it depends on who is signed in or on the language, and that has changed. */
  restart(): void
}

/** Whether `next` is newer than what the page shows: any view of a new boot, a higher revision of the same. */
export function isNews(now: Versioned | null, next: Versioned): boolean {
  return now === null || next.boot !== now.boot || next.revision > now.revision
}

/** Follows the stream of views at `url`, which may change with a restart, for as long as the calling component lives. */
export function followView<V extends Versioned>(
  url: () => string,
  open?: (url: string) => Source,
): LiveView<V> {
  const view: Ref<V | null> = shallowRef(null)
  const link = ref<LinkState>('boot')
  const heardAt = ref(Date.now())
  const outdated = ref(false)
  let build: string | undefined
  let takeAny = false

  const accept = (next: V) => {
    // The page was served by the daemon of its first view; any other build is a newer page.
    build ??= next.build
    if (next.build !== build) outdated.value = true
    if (takeAny || isNews(view.value, next)) view.value = next
    takeAny = false
  }

  const stream = keepStream({
    url,
    event: 'view',
    ...(open ? { open } : {}),
    onBody: (body) => {
      accept(body as V)
      link.value = 'live'
    },
    onAlive: () => {
      heardAt.value = Date.now()
      if (view.value) link.value = 'live'
    },
    onLost: () => {
      if (view.value) link.value = 'stale'
    },
  })
  onScopeDispose(stream.close)
  const restart = () => {
    takeAny = true
    stream.restart()
  }
  return { view, link, heardAt, outdated, accept, restart }
}

/** Loads the page again when it is outdated and nothing is on the counter. */
export function reloadWhenIdle(outdated: Readonly<Ref<boolean>>, idle: () => boolean): void {
  watchEffect(() => {
    if (outdated.value && idle()) location.reload()
  })
}
