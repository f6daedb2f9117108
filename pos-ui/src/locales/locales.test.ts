import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { chooseLanguage, language, setLanguage, t } from './index'

type Catalog = Record<string, string>

const rooms = readdirSync('src/locales', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
const read = (room: string, name: string): Catalog =>
  JSON.parse(readFileSync(join('src/locales', room, `${name}.json`), 'utf8')) as Catalog
const all = (name: string): Catalog => Object.assign({}, ...rooms.map((room) => read(room, name)))
const [zh, en] = [all('zh-CN'), all('en')]
const catalogs = rooms.flatMap((room) =>
  ['zh-CN', 'en'].map((name) => [room, name, read(room, name)] as const),
)
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(vue|ts)$/.test(name) && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join('src', name), 'utf8'))
  .join('\n')

const direct = [...sources.matchAll(/\bt\('([^']+)'/g)].map((match) => match[1] ?? '')

afterEach(() => setLanguage('zh-CN'))

describe.each(catalogs)('%s in %s', (room, _, catalog) => {
  const source = read(room, 'zh-CN')
  const keys = Object.keys(catalog)
  it('has the keys of the source, sorted', () => expect(keys).toEqual(Object.keys(source).sort()))
  it('has no empty text', () =>
    expect(keys.filter((key) => catalog[key]?.trim() === '')).toEqual([]))
  it('has the holes of the source', () => {
    const differ = keys.filter(
      (key) => String(holes(catalog[key] ?? '')) !== String(holes(source[key] ?? '')),
    )
    expect(differ).toEqual([])
  })
  it('shouts nowhere', () =>
    expect(keys.filter((key) => /[!！]/.test(catalog[key] ?? ''))).toEqual([]))
})

it('a key stands in one room', () => {
  const keys = rooms.flatMap((room) => Object.keys(read(room, 'zh-CN')))
  expect(keys.length).toBe(new Set(keys).size)
})

it('every key that a source names exists', () => {
  expect(direct.length).toBeGreaterThan(100)
  expect(direct.filter((key) => !(key in zh))).toEqual([])
})

it('every key is named by some source', () => {
  // Keys built from a code: the part before the hole names them.
  const built = [...sources.matchAll(/`([a-z-]+(?:\.[a-z-]+)*\.)\$\{/g)].map(
    (match) => match[1] ?? '',
  )
  const idle = Object.keys(zh).filter(
    (key) =>
      !direct.includes(key) &&
      !sources.includes(`'${key}'`) &&
      !built.some((start) => key.startsWith(start)),
  )
  expect(idle).toEqual([])
})

it('English texts have no Chinese but the name of the other language', () => {
  const chinese = Object.entries(en).filter(
    ([key, text]) => key !== 'language.to' && /[\u4e00-\u9fff]/.test(text),
  )
  expect(chinese).toEqual([])
})

it('Chinese texts use Chinese marks between Chinese words', () => {
  const western = Object.entries(zh).filter(([, text]) => /[\u4e00-\u9fff][,?!;]/.test(text))
  expect(western).toEqual([])
})

it('a text changes with the language, and its number with the plural', async () => {
  expect(t('pieces', { n: 6 })).toBe('6 件')
  await chooseLanguage('en')
  expect(language.value).toBe('en')
  expect([t('pieces', { n: 1 }), t('pieces', { n: 6 })]).toEqual(['1 piece', '6 pieces'])
  expect(document.documentElement.lang).toBe('en')
})
