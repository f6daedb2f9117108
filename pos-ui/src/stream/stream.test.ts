import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { backOffMs, keepStream, SILENCE_MS_MAX, type Source } from './stream'

class FakeSource implements Source {
  closed = false
  readonly listeners = new Map<string, (event: MessageEvent<string>) => void>()
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void) {
    this.listeners.set(type, listener)
  }
  close() {
    this.closed = true
  }
  say(type: string, data = '{}') {
    this.listeners.get(type)?.({ data } as MessageEvent<string>)
  }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function bench() {
  const opened: FakeSource[] = []
  const bodies: unknown[] = []
  let lost = 0
  const stream = keepStream({
    url: () => '/stream',
    event: 'view',
    onBody: (body) => bodies.push(body),
    onAlive: () => {},
    onLost: () => (lost += 1),
    open: () => {
      const source = new FakeSource()
      opened.push(source)
      return source
    },
    random: () => 0.5,
  })
  return { stream, opened, bodies, lost: () => lost, last: () => opened.at(-1) as FakeSource }
}

it('an event brings its whole body', () => {
  const page = bench()
  page.last().say('view', '{"revision":7}')
  expect(page.bodies).toEqual([{ revision: 7 }])
})

it('a heartbeat keeps the stream alive, silence ends it', () => {
  const page = bench()
  for (let beat = 0; beat < 5; beat += 1) {
    vi.advanceTimersByTime(SILENCE_MS_MAX - 1)
    page.last().say('heartbeat')
  }
  expect(page.lost()).toBe(0)
  vi.advanceTimersByTime(SILENCE_MS_MAX)
  expect([page.lost(), page.opened[0]?.closed]).toEqual([1, true])
})

it('a stream that never answers is given up as well', () => {
  const page = bench()
  vi.advanceTimersByTime(SILENCE_MS_MAX + backOffMs(0, 0.5))
  expect([page.lost(), page.opened.length]).toEqual([1, 2])
})

it('a closed stream is opened again, later and later, and at once after it was heard', () => {
  const page = bench()
  for (const attempt of [0, 1, 2]) {
    page.last().say('error')
    vi.advanceTimersByTime(backOffMs(attempt, 0.5) - 1)
    expect(page.opened.length).toBe(attempt + 1)
    vi.advanceTimersByTime(1)
    expect(page.opened.length).toBe(attempt + 2)
  }
  page.last().say('view')
  page.last().say('error')
  vi.advanceTimersByTime(backOffMs(0, 0.5))
  expect(page.opened.length).toBe(5)
})

it('what an old stream still says is not heard', () => {
  const page = bench()
  const old = page.last()
  page.stream.restart()
  old.say('view', '{"revision":1}')
  old.say('error')
  expect([page.bodies, page.lost()]).toEqual([[], 0])
})

it('the wait doubles from a quarter second to one and a half, with jitter', () => {
  expect([0, 1, 2, 5, 9].map((attempt) => backOffMs(attempt, 0.5))).toEqual([
    250, 500, 1_000, 1_500, 1_500,
  ])
  expect([backOffMs(0, 0), backOffMs(0, 1)]).toEqual([219, 281])
})

it('a hidden page holds no connection and raises no alarm; seen again, it connects at once', () => {
  const page = bench()
  const seen = vi.spyOn(document, 'visibilityState', 'get')
  const turn = (state: DocumentVisibilityState) => {
    seen.mockReturnValue(state)
    document.dispatchEvent(new Event('visibilitychange'))
  }
  turn('hidden')
  page.stream.restart()
  vi.advanceTimersByTime(SILENCE_MS_MAX * 3)
  expect([page.opened.length, page.opened[0]?.closed, page.lost()]).toEqual([1, true, 0])
  turn('visible')
  expect(page.opened.length).toBe(2)
  vi.advanceTimersByTime(SILENCE_MS_MAX)
  expect(page.lost()).toBe(1)
  page.stream.close()
  turn('visible')
  expect(page.opened.length).toBe(2)
  seen.mockRestore()
})
