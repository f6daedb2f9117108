// HQ's page is the mall's own and knows no Vue; its parts are looked at here, beside those of the other screens.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'

const FOLDER = resolve(import.meta.dirname, '../../../mall/src/http/page')
const html = readFileSync(`${FOLDER}/page.html`, 'utf8')
const SCRIPTS = import.meta.glob<Part>('../../../mall/src/http/page/*.js')

type Part = Record<string, (...args: unknown[]) => unknown>
const parts: Record<string, Part> = {}
const part = (name: string) => parts[name] ?? {}
const call = (name: string, verb: string, ...args: unknown[]) => part(name)[verb]?.(...args)
const $ = <E extends HTMLElement>(id: string) => document.getElementById(id) as E
const sure = (answer: 'yes' | 'no') => {
  const dialog = $<HTMLDialogElement>('sure')
  dialog.showModal = () => {
    dialog.returnValue = answer
    queueMicrotask(() => dialog.dispatchEvent(new Event('close')))
  }
}

/** What the mall says by path, and what it was asked. */
let answers: Record<string, unknown> = {}
const asked: [string, string, unknown][] = []

beforeAll(async () => {
  const body = /<body>([\s\S]*)<\/body>/.exec(html)?.[1] ?? ''
  document.body.innerHTML = body
  for (const name of ['words', 'kit', 'stores', 'troubles', 'days', 'commands', 'groups'])
    parts[name] = (await SCRIPTS[`../../../mall/src/http/page/${name}.js`]?.()) ?? {}
})

beforeEach(() => {
  asked.length = 0
  document.body.dataset['may'] = 'settings'
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push([init.method ?? 'GET', path, init.body ? JSON.parse(String(init.body)) : undefined])
    const found = answers[path.split('?')[0] ?? '']
    const status = found === undefined ? 404 : 200
    return new Response(JSON.stringify(found ?? { title: 'not there', status }), {
      status,
      headers: { etag: '"3"' },
    })
  })
})
afterEach(() => vi.unstubAllGlobals())

it('a month begins on its Monday and ends with its last day', () => {
  const weeks = call('days', 'weeksOf', '2026-11') as (string | null)[][]
  expect(weeks.map((week) => week.length)).toEqual([7, 7, 7, 7, 7, 7])
  expect(weeks[0]).toEqual([null, null, null, null, null, null, '2026-11-01'])
  expect(weeks.flat().filter(Boolean).length).toBe(30)
  expect((call('days', 'weeksOf', '2028-02') as string[][]).flat().filter(Boolean).at(-1)).toBe(
    '2028-02-29',
  )
  expect(call('days', 'monthBeside', '2026-12', 1)).toBe('2027-01')
  expect(call('days', 'monthBeside', '2026-01', -1)).toBe('2025-12')
})

it.each([
  [0, '0 秒'],
  [59_000, '59 秒'],
  [61_000, '1 分钟'],
  [7_200_000, '2 小时'],
  [172_800_000, '2 天'],
  [-5_000, '0 秒'],
])('what began %i ms ago lasts %s', (ms, text) => {
  const now = Date.parse('2026-11-21T04:00:00Z')
  expect(call('words', 'lasting', new Date(now - ms).toISOString(), now)).toBe(text)
})

it('every state of a command and of a day has words, in both languages', () => {
  const states = ['waiting', 'taken', 'done', 'failed', 'interrupted', 'expired', 'other-store']
  const words = [
    ...[...states, 'unknown-key', 'forged', 'unknown'].map((state) => `cmd_${state}`),
    ...['sealed', 'open', 'differs', 'never'].map((state) => `dayState_${state}`),
    ...['late', 'differs'].map((why) => `openedWhy_${why}`),
    ...['act', 'look', 'watch', 'unclear'],
    ...(part('commands')['COMMANDS'] as unknown as string[]).flatMap((word) => [
      word,
      `about_${word.replaceAll('-', '_')}`,
    ]),
  ]
  for (const word of words) expect([word, call('words', 'knows', word)]).toEqual([word, true])
})

it('what a store says is text, whatever stands in it', async () => {
  const name = '<img src=x onerror=alert(1)>'
  const both = { zh: name, en: name }
  answers = {
    '/hq/v1/troubles': {
      troubles: [
        {
          store: 'SH001',
          store_name: name,
          is_online: false,
          edge: 'e',
          trouble: 'flood',
          name: both,
          severity: '',
          since: '2026-11-21T04:00:00Z',
          count: 2,
          told_at: '2026-11-21T04:00:00Z',
          what: both,
          safe: null,
          to_do: both,
        },
      ],
      kinds: [{ trouble: 'flood', name: both, severity: '', nodes: 1 }],
      next: null,
    },
    '/hq/v1/states': { stores: [] },
  }
  await call('troubles', 'showTroubles', '')
  const row = $('trouble-rows')
  expect(row.querySelectorAll('li').length).toBe(1)
  expect(row.querySelector('img')).toBeNull()
  expect(row.textContent).toContain(name)
  expect(row.textContent).toContain('门店现在离线')
  expect($('no-troubles').hidden).toBe(true)
  expect($('trouble-kinds').querySelectorAll('button').length).toBe(2)
})

it('a list that is drawn anew keeps the focus and what was open', () => {
  const list = $('case-rows')
  const draw = () => {
    const one = document.createElement('button')
    one.dataset['at'] = 'a"b'
    const more = document.createElement('details')
    more.dataset['at'] = 'c'
    call('kit', 'redraw', list, one, more)
    return { one, more }
  }
  const first = draw()
  first.one.focus()
  first.more.open = true
  const second = draw()
  expect(document.activeElement).toBe(second.one)
  expect(second.more.open).toBe(true)
})

it('a group is saved whole over the version that was seen, once somebody is sure', async () => {
  const group = { key: 'north', name: '北区', rank: 2, stores: ['SH001'], changed_by: '李明' }
  answers = {
    '/hq/v1/groups': [{ ...group, version: 3, revision: 0, changed_at: '2026-11-21T04:00:00Z' }],
    '/hq/v1/groups/north': { ...group, changed_at: '2026-11-21T04:00:00Z' },
    '/hq/v1/states': { stores: [{ code: 'SH002', name: '二店' }] },
  }
  await call('groups', 'loadGroups')
  $('group-rows').querySelector('button')?.click()
  await vi.waitFor(() => expect($('group-form').hidden).toBe(false))
  expect(call('groups', 'groupIsWritten')).toBe(false)
  $<HTMLInputElement>('member-code').value = 'SH002'
  await call('groups', 'addMember')
  expect(call('groups', 'groupIsWritten')).toBe(true)
  sure('no')
  await call('groups', 'saveGroup')
  expect(asked.filter(([method]) => method !== 'GET')).toEqual([])
  sure('yes')
  await call('groups', 'saveGroup')
  const wish = { name: '北区', rank: 2, stores: ['SH001', 'SH002'] }
  expect(asked.filter(([method]) => method === 'PUT')).toEqual([
    ['PUT', '/hq/v1/groups/north', wish],
  ])
})

it('who may not change a group has nothing to take a store out with', async () => {
  document.body.dataset['may'] = ''
  await call('groups', 'loadGroups')
  $('group-rows').querySelector('button')?.click()
  await vi.waitFor(() => expect($('group-members').querySelectorAll('li').length).toBe(1))
  expect($('group-members').querySelectorAll('button').length).toBe(0)
  expect($<HTMLInputElement>('group-name').readOnly).toBe(true)
})
