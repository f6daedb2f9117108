import { effectScope } from 'vue'
import { describe, expect, it } from 'vitest'
import type { Source } from './stream'
import { followView, isNews, type Versioned } from './view'

const at = (revision: number, boot = 'a', build = '0.1.0'): Versioned => ({ boot, revision, build })

describe('news', () => {
  const check = (name: string, now: Versioned | null, next: Versioned, news: boolean) =>
    it(name, () => expect(isNews(now, next)).toBe(news))
  check('the first view is', null, at(1), true)
  check('a higher revision is', at(1), at(2), true)
  check('the same revision is not', at(2), at(2), false)
  check('a lower revision is not', at(2), at(1), false)
  check('any revision of a new boot is', at(99), at(1, 'b'), true)
})

function bench() {
  const sources: Map<string, (event: MessageEvent<string>) => void>[] = []
  const open = (): Source => {
    const listeners = new Map<string, (event: MessageEvent<string>) => void>()
    sources.push(listeners)
    return {
      addEventListener: (type, listener) => void listeners.set(type, listener),
      close: () => {},
    }
  }
  const scope = effectScope()
  const live = scope.run(() => followView<Versioned>(() => '/stream', open))
  if (!live) throw new Error('no scope')
  const say = (type: string, body: unknown = {}) =>
    sources.at(-1)?.get(type)?.({ data: JSON.stringify(body) } as MessageEvent<string>)
  return { live, say, stop: () => scope.stop() }
}

it('a late stream event does not take back what a command answered', () => {
  const { live, say, stop } = bench()
  say('view', at(1))
  live.accept(at(3))
  say('view', at(2))
  expect(live.view.value?.revision).toBe(3)
  stop()
})

it('the link is boot, live, stale, and live again with the next event', () => {
  const { live, say, stop } = bench()
  const seen = [live.link.value]
  say('error')
  seen.push(live.link.value)
  say('view', at(1))
  seen.push(live.link.value)
  say('error')
  seen.push(live.link.value)
  live.restart()
  say('heartbeat')
  seen.push(live.link.value)
  expect(seen).toEqual(['boot', 'boot', 'live', 'stale', 'live'])
  stop()
})

it('after a change of session the same revision is taken anew', () => {
  const { live, say, stop } = bench()
  say('view', at(5))
  live.restart()
  const next = at(5)
  say('view', next)
  expect(live.view.value).toEqual(next)
  expect(live.view.value).not.toBe(undefined)
  say('view', at(4))
  expect(live.view.value?.revision).toBe(5)
  stop()
})

it('another build than that of the first view makes the page outdated', () => {
  const { live, say, stop } = bench()
  say('view', at(1))
  expect(live.outdated.value).toBe(false)
  say('view', at(1, 'b', '0.2.0'))
  expect(live.outdated.value).toBe(true)
  stop()
})
