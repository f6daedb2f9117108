// What another house has said no to since the view before: told once, in the daemon's sentences.
import type { OperatorView, Problem } from '../../api/types'
import type { Payment, Redemption } from '../../model/rights'

const all = ({ rights }: OperatorView): readonly (Payment | Redemption)[] => [
  ...(rights?.payments ?? []),
  ...(rights?.redemptions ?? []),
]

/** The problems that are new in `now`, of a daemon that did not start anew in between. */
export function newRefusals(before: OperatorView, now: OperatorView): Problem[] {
  if (now.boot !== before.boot) return []
  const known = new Map(all(before).map(({ id, problem }) => [id, problem?.type]))
  return all(now).flatMap(({ id, problem }) =>
    problem && problem.type !== known.get(id) ? [problem] : [],
  )
}
