// The console's calls, one name each. A session's cookie goes with each; ids come from the caller.
import { answer, client, patience } from '../api/client'
import { language } from '../locales'

/** A test slip is waited for; the daemon gives up before. */
const TEST_MS_MAX = 15_000

const at = (number: number) => ({ path: { number } })

export const signIn = (operator: string, pin: string) =>
  answer(client.POST('/api/v1/console/session', { body: { operator, pin }, signal: patience() }))

/** Who is signed in; asking keeps no session alive. */
export const who = () => answer(client.GET('/api/v1/console/session', { signal: patience() }))

export const signOut = () =>
  answer(client.DELETE('/api/v1/console/session', { signal: patience() }))

/** Somebody is there. */
export const presence = () =>
  answer(client.POST('/api/v1/console/session/presence', { signal: patience() }))

/** A business date, today's without one. */
export const day = (date: string | null) =>
  answer(
    client.GET('/api/v1/console/day', {
      params: { query: date ? { date } : {} },
      signal: patience(),
    }),
  )

export const orders = (number: string, before: string | null) =>
  answer(
    client.GET('/api/v1/console/orders', {
      params: { query: { ...(number ? { number } : {}), ...(before ? { before } : {}) } },
      signal: patience(),
    }),
  )

export const order = (id: string) =>
  answer(
    client.GET('/api/v1/console/orders/{order}', {
      params: { path: { order: id } },
      signal: patience(),
    }),
  )

export const reprint = (id: string, order: string) =>
  answer(
    client.POST('/api/v1/console/orders/{order}/receipts', {
      params: { path: { order } },
      body: { id },
      signal: patience(),
    }),
  )

export const approvals = () =>
  answer(client.GET('/api/v1/console/approvals', { signal: patience() }))

export const decide = (approval: string, allowed: boolean) =>
  answer(
    client.POST('/api/v1/console/approvals/{approval}/decision', {
      params: { path: { approval } },
      body: { allowed },
      signal: patience(),
    }),
  )

export const testPrinter = (number: number) =>
  answer(
    client.POST('/api/v1/console/workstations/{number}/test-slips', {
      params: at(number),
      signal: AbortSignal.timeout(TEST_MS_MAX),
    }),
  )

export const testDisplays = (number: number) =>
  answer(
    client.POST('/api/v1/console/workstations/{number}/display-tests', {
      params: at(number),
      signal: patience(),
    }),
  )

export const openDrawer = (number: number, id: string, reason: string) =>
  answer(
    client.POST('/api/v1/console/workstations/{number}/drawer/openings', {
      params: at(number),
      body: { id, reason },
      signal: patience(),
    }),
  )

export const settings = () => answer(client.GET('/api/v1/console/settings', { signal: patience() }))

export const staff = () => answer(client.GET('/api/v1/console/staff', { signal: patience() }))

/** An event source has no headers, so the language is asked for here. */
export const streamUrl = () => `/api/v1/console/stream?lang=${language.value}`
