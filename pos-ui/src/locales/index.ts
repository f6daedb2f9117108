// Texts by key. zh-CN is the source; en is complete; a test keeps both so.
import { ref, shallowReactive } from 'vue'
import source from './zh-CN.json'

export type TextKey = keyof typeof source
export type Language = 'zh-CN' | 'en'
export type Params = Readonly<Record<string, string | number>>

type Catalog = Readonly<Record<string, string>>

const REMEMBERED = 'guitai.language'
const catalogs = shallowReactive<Partial<Record<Language, Catalog>>>({ 'zh-CN': source })

export const language = ref<Language>('zh-CN')

/** Whether a key exists, for keys that are built from a code the daemon sent. */
export function hasText(key: string): key is TextKey {
  return key in source
}

/**
 * The text of a key in the language of the page.
 * `{name}` takes a parameter; `one | other` chooses by `n` and the language's plural rule.
 */
export function t(key: TextKey, params: Params = {}): string {
  const text = catalogs[language.value]?.[key] ?? source[key]
  const forms = text.split(' | ')
  const plural = new Intl.PluralRules(language.value).select(Number(params['n'] ?? 0))
  const form = forms.length > 1 && plural === 'one' ? forms[0] : forms.at(-1)
  return (form ?? text).replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''))
}

/** Changes the language of this page, loading its catalog first. */
export async function setLanguage(next: Language): Promise<void> {
  if (next === 'en' && !catalogs.en) catalogs.en = (await import('./en.json')).default
  language.value = next
  document.documentElement.lang = next
}

/** Changes the language and remembers it on this box. */
export async function chooseLanguage(next: Language): Promise<void> {
  await setLanguage(next)
  localStorage.setItem(REMEMBERED, next)
}

/** Takes the language of `?lang=` or the remembered one. */
export async function restoreLanguage(): Promise<void> {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(REMEMBERED)
  await setLanguage(asked === 'en' ? 'en' : 'zh-CN')
}
