// Goods of online orders that come back: one name per call of the daemon.
import { answer, client, patience } from '../../api/client'
import type { BackLine, NewOnlineReturn } from '../../api/types'

/** The daemon waits for the mall, and gives up before. */
const MALL_MS_MAX = 15_000

const at = (n: number) => ({ path: { number: n } })

/** What of an order may come back, and what these pieces give together. Writes nothing. */
export const look = (n: number, presented: string, lines: BackLine[]) =>
  answer(
    client.POST('/api/v1/workstations/{number}/online-orders', {
      params: at(n),
      body: { presented, lines },
      signal: AbortSignal.timeout(MALL_MS_MAX),
    }),
  )

/** Takes goods back. The same id again takes nothing more back. */
export const takeBack = (n: number, body: NewOnlineReturn) =>
  answer(
    client.POST('/api/v1/workstations/{number}/online-returns', {
      params: at(n),
      body,
      signal: AbortSignal.timeout(MALL_MS_MAX),
    }),
  )

/** What came back in this store lately, newest first. */
export const list = () => answer(client.GET('/api/v1/online-returns', { signal: patience() }))
