// What went wrong, in one shape, whether the daemon said so or nobody answered.
import { hasText, t } from '../locales'
import { formatMoney } from '../model/money'
import type { Money, Problem } from './types'

/** An answer: the data, or a problem that a person can be told. */
export type Answer<T> = { ok: true; data: T } | { ok: false; problem: Trouble }

/** A problem as the screens use it: the slug of its type, and its words. */
export interface Trouble {
  slug: string
  status: number
  title: string
  detail: string
  hint: string
  params: Readonly<Record<string, string | number>>
  retryAfterMs: number
}

/** Nobody answered: the daemon is away, or the page was opened elsewhere. */
export function unreachable(): Trouble {
  return {
    slug: 'unreachable',
    status: 0,
    title: '',
    detail: '',
    hint: '',
    params: {},
    retryAfterMs: 0,
  }
}

const isMoney = (value: unknown): value is Money =>
  typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value

/** What fills the holes of a text; an amount as it is read. */
function plain(params: unknown): Record<string, string | number> {
  const known: Record<string, string | number> = {}
  for (const [key, value] of Object.entries((params as object | null) ?? {})) {
    if (typeof value === 'string' || typeof value === 'number') known[key] = value
    else if (isMoney(value)) known[key] = formatMoney(value)
  }
  return known
}

/** Reads a problem document; anything else becomes `broken` with its status. */
export function readProblem(body: unknown, status: number): Trouble {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Problem>
  const slug = problem.type?.split('/').pop()
  return {
    slug: slug || 'broken',
    status: problem.status ?? status,
    title: problem.title ?? '',
    detail: problem.detail ?? '',
    hint: problem.hint ?? '',
    params: plain(problem.params),
    retryAfterMs: problem.retry_after_ms ?? 0,
  }
}

/** What to tell a person: our own words for a known slug, the daemon's for any other. */
export function troubleText(trouble: Trouble): { title: string; detail: string } {
  const title = `problem.${trouble.slug}`
  const detail = `problem.${trouble.slug}.detail`
  return {
    title: hasText(title) ? t(title, trouble.params) : trouble.title || t('problem.broken'),
    detail: hasText(detail)
      ? t(detail, trouble.params)
      : `${trouble.detail} ${trouble.hint}`.trim() || trouble.slug,
  }
}
