// Texts by key, a folder for each room of the screens. zh-CN is the source; en is complete; a test
// keeps both so.
//
// `common` is always there. A page, or a part of it that is loaded later, imports the room whose
// texts it shows (`import '../locales/operator'`).
import { ref, shallowReactive } from 'vue'
import type approval from './approval/zh-CN.json'
import common from './common/zh-CN.json'
import type consoleRoom from './console/zh-CN.json'
import type customer from './customer/zh-CN.json'
import type devices from './devices/zh-CN.json'
import type elsewhere from './elsewhere/zh-CN.json'
import type find from './find/zh-CN.json'
import type keys from './keys/zh-CN.json'
import type kiosk from './kiosk/zh-CN.json'
import type lastOrder from './last-order/zh-CN.json'
import type link from './link/zh-CN.json'
import type member from './member/zh-CN.json'
import type notices from './notices/zh-CN.json'
import type onlineReturn from './online-return/zh-CN.json'
import type operator from './operator/zh-CN.json'
import type panel from './panel/zh-CN.json'
import type pickups from './pickups/zh-CN.json'
import type phone from './phone/zh-CN.json'
import type rights from './rights/zh-CN.json'
import type takeIn from './take-in/zh-CN.json'
import type tender from './tender/zh-CN.json'

export type TextKey = keyof (typeof common &
  typeof approval &
  typeof consoleRoom &
  typeof customer &
  typeof devices &
  typeof elsewhere &
  typeof find &
  typeof keys &
  typeof kiosk &
  typeof lastOrder &
  typeof link &
  typeof member &
  typeof notices &
  typeof onlineReturn &
  typeof operator &
  typeof panel &
  typeof pickups &
  typeof phone &
  typeof rights &
  typeof takeIn &
  typeof tender)
export type Language = 'zh-CN' | 'en'
export type Params = Readonly<Record<string, string | number>>

type Catalog = Record<string, string>
type Load = () => Promise<{ default: Catalog }>

const REMEMBERED = 'guitai.language'
const catalogs: Record<Language, Catalog> = {
  'zh-CN': shallowReactive<Catalog>({ ...common }),
  en: shallowReactive<Catalog>({}),
}
/** The English texts of the rooms that are there, until somebody wants them. */
const waiting: Load[] = [() => import('./common/en.json')]

export const language = ref<Language>('zh-CN')

async function loadEnglish(): Promise<void> {
  const loaded = await Promise.all(waiting.splice(0).map((load) => load()))
  for (const room of loaded) Object.assign(catalogs.en, room.default)
}

/** Adds a room's texts. Those of a room that comes later follow in English as soon as they are read. */
export function addTexts(source: Catalog, english: Load): void {
  Object.assign(catalogs['zh-CN'], source)
  waiting.push(english)
  if (language.value === 'en') void loadEnglish()
}

/** Whether a key exists, for keys that are built from a code the daemon sent. */
export function hasText(key: string): key is TextKey {
  return key in catalogs['zh-CN']
}

/**
 * The text of a key in the language of the page.
 * `{name}` takes a parameter; `one | other` chooses by `n` and the language's plural rule.
 */
export function t(key: TextKey, params: Params = {}): string {
  const text = catalogs[language.value][key] ?? catalogs['zh-CN'][key] ?? key
  const forms = text.split(' | ')
  const plural = new Intl.PluralRules(language.value).select(Number(params['n'] ?? 0))
  const form = forms.length > 1 && plural === 'one' ? forms[0] : forms.at(-1)
  return (form ?? text).replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''))
}

/** Changes the language of this page, loading its texts first. */
export async function setLanguage(next: Language): Promise<void> {
  if (next === 'en') await loadEnglish()
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
