// The daemon's HTTP API, one name per call. Ids come from the caller, who may repeat a call with the same id.
import { language } from '../locales'
import { answer, client, patience } from './client'
import type { Answer } from './problem'
import type { Money, SimPrinterState, SimTape } from './types'

const at = (n: number) => ({ path: { number: n } })

export const workstations = () => answer(client.GET('/api/v1/workstations', { signal: patience() }))

export const operators = (n: number) =>
  answer(
    client.GET('/api/v1/workstations/{number}/operators', { params: at(n), signal: patience() }),
  )

export const signIn = (n: number, operator: string, pin: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/session', {
      params: at(n),
      body: { operator, pin },
      signal: patience(),
    }),
  )

export const signOut = (n: number) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/session', { params: at(n), signal: patience() }),
  )

export const operatorView = (n: number) =>
  answer(client.GET('/api/v1/workstations/{number}/view', { params: at(n), signal: patience() }))

export const displayView = (n: number) =>
  answer(client.GET('/api/v1/workstations/{number}/display', { params: at(n), signal: patience() }))

/** Puts what was scanned or typed on the cart, `milli` thousandths of it. */
export const scan = (n: number, id: string, text: string, milli: number) =>
  answer(
    client.POST('/api/v1/workstations/{number}/cart/scans', {
      params: at(n),
      body: { id, text, quantity_milli: milli },
      signal: patience(),
    }),
  )

export const changeLine = (n: number, id: string, line: string, milli: number) =>
  answer(
    client.PATCH('/api/v1/workstations/{number}/cart/lines/{line}', {
      params: { path: { number: n, line } },
      body: { id, quantity_milli: milli },
      signal: patience(),
    }),
  )

export const voidLine = (n: number, id: string, line: string) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/cart/lines/{line}', {
      params: { path: { number: n, line }, query: { id } },
      signal: patience(),
    }),
  )

export const voidCart = (n: number, id: string) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/cart', {
      params: { path: { number: n }, query: { id } },
      signal: patience(),
    }),
  )

export const undo = (n: number, id: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/cart/undo', {
      params: at(n),
      body: { id },
      signal: patience(),
    }),
  )

export const startTender = (n: number) =>
  answer(
    client.PUT('/api/v1/workstations/{number}/tendering', {
      params: at(n),
      signal: patience(),
    }),
  )

export const leaveTender = (n: number) =>
  answer(
    client.DELETE('/api/v1/workstations/{number}/tendering', { params: at(n), signal: patience() }),
  )

/** A cart as it stood on the screen when its completion was asked for. */
export interface Shown {
  order_id: string
  cart_revision: number
  /** The total before any cash rounding; should it be another by now, nothing is completed. */
  total_minor: number
}

/** Completes the order of this cart; the order's own id makes a repeat harmless. */
export const completeInCash = (n: number, shown: Shown, amount: Money) =>
  answer(
    client.POST('/api/v1/workstations/{number}/orders', {
      params: at(n),
      body: { ...shown, tenders: [{ kind: 'cash', amount }] },
      signal: patience(),
    }),
  )

export const leaveDone = (n: number) =>
  answer(client.DELETE('/api/v1/workstations/{number}/done', { params: at(n), signal: patience() }))

export const reprint = (n: number, id: string, order: string) =>
  answer(
    client.POST('/api/v1/workstations/{number}/receipts', {
      params: at(n),
      body: { id, order_id: order },
      signal: patience(),
    }),
  )

export const findItems = (query: string, limit: number, signal: AbortSignal) =>
  answer(
    client.GET('/api/v1/items', {
      params: { query: { query, limit } },
      signal: patience(signal),
    }),
  )

export const simDevices = () => answer(client.GET('/api/v1/sim/devices', { signal: patience() }))

export const simScan = (n: number, text: string) =>
  answer(
    client.POST('/api/v1/sim/workstations/{number}/scans', {
      params: at(n),
      body: { text, suffix: 'cr' },
      signal: patience(),
    }),
  )

export const simPrinter = (n: number, state: SimPrinterState) =>
  answer(
    client.PUT('/api/v1/sim/workstations/{number}/printer', {
      params: at(n),
      body: { state },
      signal: patience(),
    }),
  )

export const simShutDrawer = (n: number) =>
  answer(
    client.PUT('/api/v1/sim/workstations/{number}/drawer', {
      params: at(n),
      body: { open: false },
      signal: patience(),
    }),
  )

/** The tape; the schema says only "an object" here. */
export const simTape = (n: number) =>
  answer(
    client.GET('/api/v1/sim/workstations/{number}/tape', { params: at(n), signal: patience() }),
  ) as Promise<Answer<SimTape>>

/** Addresses of the streams; stream.ts opens them. An event source has no headers, so the language is asked for here. */
export const streams = {
  operator: (n: number) => `/api/v1/workstations/${n}/view/stream?lang=${language.value}`,
  display: (n: number) => `/api/v1/workstations/${n}/display/stream?lang=${language.value}`,
  devices: () => '/api/v1/sim/devices/stream',
}
