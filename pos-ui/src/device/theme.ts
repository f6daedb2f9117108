// Light, dark, contrast: kept on the box, because light falls differently on every counter.
import { ref } from 'vue'

export type Theme = 'light' | 'dark' | 'contrast'

export const THEMES: readonly Theme[] = ['light', 'dark', 'contrast']
const REMEMBERED = 'guitai.theme'

export const theme = ref<Theme>('light')

/** Changes the theme of this page and remembers it. */
export function setTheme(next: Theme): void {
  theme.value = next
  document.documentElement.dataset['theme'] = next
  localStorage.setItem(REMEMBERED, next)
}

/** Takes the theme of `?theme=` or the remembered one, without writing what nobody chose. */
export function restoreTheme(): void {
  const asked =
    new URLSearchParams(location.search).get('theme') ?? localStorage.getItem(REMEMBERED)
  const known = THEMES.find((one) => one === asked) ?? 'light'
  theme.value = known
  document.documentElement.dataset['theme'] = known
}

/** The theme after this one, for a button that goes round. */
export function nextTheme(now: Theme): Theme {
  return THEMES[(THEMES.indexOf(now) + 1) % THEMES.length] ?? 'light'
}
