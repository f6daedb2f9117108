import { expect, it } from 'vitest'
import { unreachable, type Answer } from '../api/problem'
import { createQueue, WAITING_MAX } from './commands'

const soon = () => Promise.resolve()
const done = (data: string): Answer<string> => ({ ok: true, data })

it('commands go out one after another, in order', async () => {
  const queue = createQueue(soon)
  const log: string[] = []
  const call = (name: string) => async () => {
    log.push(`${name} out`)
    await soon()
    log.push(`${name} in`)
    return done(name)
  }
  await Promise.all([queue.send('scan', call('a')), queue.send('scan', call('b'))])
  expect(log).toEqual(['a out', 'a in', 'b out', 'b in'])
})

it('a command that nobody answered is repeated as it was, and then told', async () => {
  const queue = createQueue(soon)
  let calls = 0
  const answer = await queue.send('scan', async () => {
    calls += 1
    return { ok: false, problem: unreachable() }
  })
  expect([calls, answer?.ok]).toEqual([4, false])
})

it('a refusal is not repeated', async () => {
  const queue = createQueue(soon)
  let calls = 0
  await queue.send('scan', async () => {
    calls += 1
    return { ok: false, problem: { ...unreachable(), slug: 'unknown-barcode', status: 404 } }
  })
  expect(calls).toBe(1)
})

it('a command that throws does not stop the next', async () => {
  const queue = createQueue(soon)
  await expect(queue.send('scan', () => Promise.reject(new Error('broken')))).rejects.toThrow(
    'broken',
  )
  expect(await queue.send('scan', () => Promise.resolve(done('next')))).toEqual(done('next'))
  expect(queue.waiting.value).toBe(0)
})

it('more than twenty waiting scans are refused', async () => {
  const queue = createQueue(soon)
  let open = () => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  const sent = Array.from({ length: WAITING_MAX + 1 }, () =>
    queue.send('scan', async () => {
      await gate
      return done('')
    }),
  )
  expect(sent.map((one) => one === null).indexOf(true)).toBe(WAITING_MAX)
  open()
  await Promise.all(sent)
  expect(queue.waiting.value).toBe(0)
})
