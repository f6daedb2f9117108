// What a shopper's phone asks of the node: one name per call. Ids come from the phone, which may repeat a call.
import { answer, client, patience } from '../api/client'

export const join = (token: string) =>
  answer(client.POST('/api/v1/phone/session', { body: { token }, signal: patience() }))

export const view = () => answer(client.GET('/api/v1/phone/view', { signal: patience() }))

export const item = (code: string) =>
  answer(client.GET('/api/v1/phone/item', { params: { query: { code } }, signal: patience() }))

export const add = (id: string, code: string) =>
  answer(client.POST('/api/v1/phone/cart/lines', { body: { id, code }, signal: patience() }))

export const count = (id: string, line: string, milli: number) =>
  answer(
    client.PATCH('/api/v1/phone/cart/lines/{line}', {
      params: { path: { line } },
      body: { id, quantity_milli: milli },
      signal: patience(),
    }),
  )

export const remove = (id: string, line: string) =>
  answer(
    client.DELETE('/api/v1/phone/cart/lines/{line}', {
      params: { path: { line }, query: { id } },
      signal: patience(),
    }),
  )

export const show = (id: string) =>
  answer(client.POST('/api/v1/phone/cart/code', { body: { id }, signal: patience() }))
