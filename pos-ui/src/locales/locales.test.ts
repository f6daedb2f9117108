import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import en from './en.json'
import { chooseLanguage, language, setLanguage, t } from './index'
import zh from './zh-CN.json'

const catalogs: Record<string, Record<string, string>> = { 'zh-CN': zh, en }
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(vue|ts)$/.test(name) && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join('src', name), 'utf8'))
  .join('\n')

const direct = [...sources.matchAll(/\bt\('([^']+)'/g)].map((match) => match[1] ?? '')

afterEach(() => setLanguage('zh-CN'))

describe.each(Object.entries(catalogs))('%s', (_, catalog) => {
  const keys = Object.keys(catalog)
  it('has the keys of the source, sorted', () => expect(keys).toEqual(Object.keys(zh).sort()))
  it('has no empty text', () =>
    expect(keys.filter((key) => catalog[key]?.trim() === '')).toEqual([]))
  it('has the holes of the source', () => {
    const differ = keys.filter(
      (key) =>
        String(holes(catalog[key] ?? '')) !==
        String(holes((zh as Record<string, string>)[key] ?? '')),
    )
    expect(differ).toEqual([])
  })
  it('shouts nowhere', () =>
    expect(keys.filter((key) => /[!！]/.test(catalog[key] ?? ''))).toEqual([]))
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
