// What a till asks a manager for: one name per call of the daemon.
import { answer, client, patience } from '../../api/client'
import type { AskedCut, PriceReason } from '../../api/types'

export const ask = (n: number, id: string, line: string, cut: AskedCut, reason: PriceReason) =>
  answer(
    client.POST('/api/v1/workstations/{number}/approvals', {
      params: { path: { number: n } },
      body: { id, line_id: line, cut, reason },
      signal: patience(),
    }),
  )

export const withdraw = (n: number, id: string, approval: string) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/approvals/{approval}', {
      params: { path: { number: n, approval }, query: { id } },
      signal: patience(),
    }),
  )
