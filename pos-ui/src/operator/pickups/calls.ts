// Online orders that wait in the store: one name per call of the daemon.
// Invariant: a code goes out in one body and stays nowhere.
import { answer, client, patience } from '../../api/client'

const at = (n: number) => ({ path: { number: n } })
const named = (n: number, id: string) => ({ path: { number: n, named: id } })

export const list = () => answer(client.GET('/api/v1/pickups', { signal: patience() }))

/** Opens an order; goods that are scanned then go into it, unless it lies ready. */
export const open = (n: number, id: string, pickup: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/pickups/{named}/opening', {
      params: named(n, pickup),
      body: { id },
      signal: patience(),
    }),
  )

export const makeReady = (n: number, id: string, pickup: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/pickups/{named}/ready', {
      params: named(n, pickup),
      body: { id },
      signal: patience(),
    }),
  )

/** Opens the order whose eight digits a shopper reads out. */
export const prove = (n: number, id: string, code: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/pickup-codes', {
      params: at(n),
      body: { id, code },
      signal: patience(),
    }),
  )

export const handOver = (n: number, id: string, pickup: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/pickups/{named}/hand-over', {
      params: named(n, pickup),
      body: { id },
      signal: patience(),
    }),
  )

/** Takes the open order from the workstation; what was done with it stays done. */
export const close = (n: number, id: string) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/pickup', {
      params: { path: { number: n }, query: { id } },
      signal: patience(),
    }),
  )
