// What a kiosk's screen calls: the shelf, its own cart, and becoming a kiosk's screen.
import { language } from '../locales'
import { answer, client, patience } from './client'

/** The daemon waits for another house, and gives up before. */
const HOUSE_MS_MAX = 15_000

const at = (n: number) => ({ path: { number: n } })

export const kioskOf = (n: number) =>
  answer(client.GET('/api/v1/kiosks/{number}', { params: at(n), signal: patience() }))

/** Makes this browser the kiosk's screen by a manager's code. */
export const pair = (n: number, code: string) =>
  answer(client.POST('/api/v1/pairings', { body: { workstation: n, code }, signal: patience() }))

/** Makes this browser the kiosk's screen without a code; only a demo on its own box allows it. */
export const pairItself = (n: number) =>
  answer(
    client.POST('/api/v1/sim/workstations/{number}/pairing', {
      params: at(n),
      signal: patience(),
    }),
  )

/** A code for a person to type at a kiosk. A manager asks for it. */
export const pairingCode = (n: number) =>
  answer(client.POST('/api/v1/pairing-codes', { body: { workstation: n }, signal: patience() }))

export const categories = () =>
  answer(client.GET('/api/v1/shelf/categories', { signal: patience() }))

export const shelfPage = (category: string, page: number) =>
  answer(
    client.GET('/api/v1/shelf/items', {
      params: { query: { category, page, channel: 'kiosk' } },
      signal: patience(),
    }),
  )

export const shelfSearch = (query: string, signal: AbortSignal) =>
  answer(
    client.GET('/api/v1/shelf/search', {
      params: { query: { query, channel: 'kiosk' } },
      signal: patience(signal),
    }),
  )

export const shelfItem = (key: string) =>
  answer(
    client.GET('/api/v1/shelf/items/{key}', {
      params: { path: { key }, query: { channel: 'kiosk' } },
      signal: patience(),
    }),
  )

/** Puts what was scanned or touched into the cart; a payment code pays while the cart is to be paid. */
export const scan = (n: number, id: string, text: string, milli?: number) =>
  answer(
    client.POST('/api/v1/kiosks/{number}/cart/scans', {
      params: at(n),
      body: { id, text, ...(milli === undefined ? {} : { quantity_milli: milli }) },
      signal: patience(),
    }),
  )

export const changeLine = (n: number, id: string, line: string, milli: number) =>
  answer(
    client.PATCH('/api/v1/kiosks/{number}/cart/lines/{line}', {
      params: { path: { number: n, line } },
      body: { id, quantity_milli: milli },
      signal: patience(),
    }),
  )

export const voidLine = (n: number, id: string, line: string) =>
  answer(
    client.DELETE('/api/v1/kiosks/{number}/cart/lines/{line}', {
      params: { path: { number: n, line }, query: { id } },
      signal: patience(),
    }),
  )

export const undo = (n: number, id: string) =>
  answer(
    client.POST('/api/v1/kiosks/{number}/cart/undo', {
      params: at(n),
      body: { id },
      signal: patience(),
    }),
  )

export const startTender = (n: number) =>
  answer(client.PUT('/api/v1/kiosks/{number}/tendering', { params: at(n), signal: patience() }))

export const leaveTender = (n: number) =>
  answer(client.DELETE('/api/v1/kiosks/{number}/tendering', { params: at(n), signal: patience() }))

/** A cart as its shopper saw it. */
export interface Seen {
  order_id: string
  cart_revision: number
  total_minor: number
}

/** Completes a cart of which nothing is left to pay; the same cart again finds it done. */
export const complete = (n: number, seen: Seen) =>
  answer(
    client.POST('/api/v1/kiosks/{number}/orders', {
      params: at(n),
      body: seen,
      // A voucher is used with it: its house may take as long as the daemon waits for it.
      signal: AbortSignal.timeout(HOUSE_MS_MAX),
    }),
  )

export const reversePayment = (n: number, id: string, payment: string) =>
  answer(
    client.POST('/api/v1/kiosks/{number}/payments/{named}/reversal', {
      params: { path: { number: n, named: payment } },
      body: { id },
      signal: patience(),
    }),
  )

export const takeOff = (n: number, id: string, redemption: string) =>
  answer(
    client.DELETE('/api/v1/kiosks/{number}/redemptions/{named}', {
      params: { path: { number: n, named: redemption }, query: { id } },
      signal: patience(),
    }),
  )

/** Takes the member off the cart. */
export const forget = (n: number, id: string) =>
  answer(
    client.DELETE('/api/v1/kiosks/{number}/member', {
      params: { ...at(n), query: { id } },
      signal: patience(),
    }),
  )

/** Claims the coupon that HQ gives to whoever comes; the mall is asked. */
export const claim = (n: number, id: string) =>
  answer(
    client.POST('/api/v1/kiosks/{number}/claims', {
      params: at(n),
      body: { id },
      signal: AbortSignal.timeout(HOUSE_MS_MAX),
    }),
  )

/** Takes a coupon of the brand's own off the cart. */
export const takeCouponOff = (n: number, id: string, coupon: string) =>
  answer(
    client.DELETE('/api/v1/kiosks/{number}/coupons/{named}', {
      params: { path: { number: n, named: coupon }, query: { id } },
      signal: patience(),
    }),
  )

/** Leaves nothing of whoever was here. */
export const reset = (n: number, id: string) =>
  answer(
    client.POST('/api/v1/kiosks/{number}/reset', {
      params: at(n),
      body: { id },
      signal: patience(),
    }),
  )

export const help = (n: number) =>
  answer(client.POST('/api/v1/kiosks/{number}/help', { params: at(n), signal: patience() }))

/** Which other stores have an item. */
export const elsewhere = (n: number, sku: string, pieces: number) =>
  answer(
    client.GET('/api/v1/kiosks/{number}/elsewhere', {
      params: { ...at(n), query: { sku, pieces } },
      signal: patience(),
    }),
  )

/** Sets an item aside in another store; the same id again is the same order. */
export const setAside = (n: number, id: string, store: string, sku: string, pieces: number) =>
  answer(
    client.POST('/api/v1/kiosks/{number}/set-asides', {
      params: at(n),
      body: { id, store, sku, pieces },
      signal: patience(),
    }),
  )

export const kioskStream = (n: number) => `/api/v1/kiosks/${n}/view/stream?lang=${language.value}`
