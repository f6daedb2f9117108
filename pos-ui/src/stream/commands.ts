// Commands go out one after another, in the order of the fingers, each repeated with its own id until answered.
// Invariant: no optimistic money; what a command did is in the view that comes back.
import { computed, ref, shallowRef } from 'vue'
import type { Answer, Trouble } from '../api/problem'

/** More waiting scans than this is a scanner that is stuck, or a daemon that is. */
export const WAITING_MAX = 20
/** After this a button says what it waits for. */
export const SLOW_MS = 300
const REPEAT_MS: readonly number[] = [200, 600, 1500]

export type CommandName =
  | 'scan'
  | 'quantity'
  | 'void'
  | 'void-cart'
  | 'undo'
  | 'tender'
  | 'back'
  | 'complete'
  | 'next'
  | 'reprint'
  | 'sign-in'
  | 'sign-out'

const mayRepeat = (trouble: Trouble) => trouble.slug === 'unreachable' || trouble.slug === 'busy'

/** A queue of commands with what a screen needs to know about it. */
export function createQueue(
  wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
) {
  const waiting = ref(0)
  const running = shallowRef<CommandName | null>(null)
  const slow = ref(false)
  let tail: Promise<unknown> = Promise.resolve()

  async function attempt<T>(call: () => Promise<Answer<T>>): Promise<Answer<T>> {
    let answer = await call()
    for (const ms of REPEAT_MS) {
      if (answer.ok || !mayRepeat(answer.problem)) break
      await wait(ms)
      answer = await call()
    }
    return answer
  }

  /** Puts a command in the queue; null when the queue is full and the command was not taken. */
  function send<T>(name: CommandName, call: () => Promise<Answer<T>>): Promise<Answer<T>> | null {
    if (waiting.value >= WAITING_MAX) return null
    waiting.value += 1
    const mine = tail.then(async () => {
      running.value = name
      const timer = setTimeout(() => (slow.value = true), SLOW_MS)
      try {
        return await attempt(call)
      } finally {
        clearTimeout(timer)
        slow.value = false
        running.value = null
        waiting.value -= 1
      }
    })
    tail = mine.catch(() => undefined)
    return mine
  }

  return {
    send,
    waiting,
    running,
    /** The command a screen should speak of: one that has been out for longer than 300 ms. */
    spoken: computed(() => (slow.value ? running.value : null)),
  }
}
