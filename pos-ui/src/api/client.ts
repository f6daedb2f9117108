// The one place that fetches. Everything else calls a name of edge.ts.
import createClient from 'openapi-fetch'
import { language } from '../locales'
import { readProblem, unreachable, type Answer } from './problem'
import type { paths } from './schema.gen'

/** No answer within this time counts as no answer; the daemon is on the same box. */
const ANSWER_MS_MAX = 8_000

export const client = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })

client.use({
  onRequest({ request }) {
    request.headers.set('accept-language', language.value)
    return request
  },
})

/** A signal that gives up waiting, joined with the caller's own if there is one. */
export function patience(caller?: AbortSignal): AbortSignal {
  const control = new AbortController()
  const timer = setTimeout(() => control.abort(), ANSWER_MS_MAX)
  control.signal.addEventListener('abort', () => clearTimeout(timer))
  caller?.addEventListener('abort', () => control.abort())
  return control.signal
}

/** Turns openapi-fetch's answer, or its throw, into ours. */
export async function answer<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<Answer<T>> {
  try {
    const { data, error, response } = await call
    if (response.ok) return { ok: true, data: data as T }
    return { ok: false, problem: readProblem(error, response.status) }
  } catch {
    return { ok: false, problem: unreachable() }
  }
}
