// One server-sent stream kept open: watchdog on its heartbeat, back-off between attempts.
// A hidden page closes its stream: a browser has six connections to one daemon, and tabs must not use them up.
// Invariant: knows nothing of what the events say.

/** Silence longer than this means the stream is dead; the daemon's heart beats every 4 s. */
export const SILENCE_MS_MAX = 12_000
const WAIT_MS_MIN = 250
/** The daemon is on the same box: a till that is back must be seen to be back within two seconds. */
const WAIT_MS_MAX = 1_500

/** The part of `EventSource` that is used, so that a test can stand in for it. */
export interface Source {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void
  close(): void
}

export interface StreamOptions {
  /** Asked for at each attempt. */
  url(): string
  /** The name of the events that carry a whole body. */
  event: string
  onBody(body: unknown): void
  /** Anything was heard, a heartbeat too. */
  onAlive(): void
  /** The socket closed or the silence was too long. */
  onLost(): void
  open?(url: string): Source
  random?(): number
}

/** How long to wait before attempt `attempt` (from 0): 0.25 s doubling to 1.5 s, with a quarter of jitter. */
export function backOffMs(attempt: number, random: number): number {
  const base = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** attempt)
  return Math.round(base * (0.875 + random / 4))
}

export interface KeptStream {
  close(): void
  /** Closes and opens again at once, as when the session has changed. */
  restart(): void
}

/** Opens a stream and keeps it open until it is closed. */
export function keepStream(options: StreamOptions): KeptStream {
  const open = options.open ?? ((url: string) => new EventSource(url))
  const random = options.random ?? Math.random
  let source: Source | undefined
  let watchdog: ReturnType<typeof setTimeout> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let attempt = 0

  const heard = () => {
    attempt = 0
    clearTimeout(watchdog)
    watchdog = setTimeout(lose, SILENCE_MS_MAX)
    options.onAlive()
  }

  const isHidden = () => document.visibilityState === 'hidden'

  function lose() {
    clearTimeout(watchdog)
    clearTimeout(retry)
    source?.close()
    options.onLost()
    retry = setTimeout(connect, backOffMs(attempt, random()))
    attempt += 1
  }

  function connect() {
    if (isHidden()) return
    const mine = open(options.url())
    source = mine
    clearTimeout(watchdog)
    watchdog = setTimeout(lose, SILENCE_MS_MAX)
    const ifMine =
      (act: (event: MessageEvent<string>) => void) => (event: MessageEvent<string>) => {
        if (source === mine) act(event)
      }
    mine.addEventListener('heartbeat', ifMine(heard))
    mine.addEventListener(
      options.event,
      ifMine((event) => {
        heard()
        options.onBody(JSON.parse(event.data))
      }),
    )
    mine.addEventListener(
      'error',
      ifMine(() => lose()),
    )
  }

  const pause = () => {
    clearTimeout(watchdog)
    clearTimeout(retry)
    source?.close()
    source = undefined
  }
  const restart = () => {
    pause()
    attempt = 0
    connect()
  }
  // Being hidden is no loss and tells nobody; seen again, the watchdog runs from the new connection.
  const onVisibility = () => (isHidden() ? pause() : restart())
  const close = () => {
    document.removeEventListener('visibilitychange', onVisibility)
    pause()
  }

  document.addEventListener('visibilitychange', onVisibility)
  connect()
  return { close, restart }
}
