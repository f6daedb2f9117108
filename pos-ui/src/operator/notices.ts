// Which notices are loud, and their words.
import type { Notice } from '../api/types'
import { hasText, t } from '../locales'

/** Facts about the cloud are quiet: they stand in the chip beside the primary key, not in the strip. */
const QUIET = new Set(['mall-down', 'sync-lag', 'price-book-old'])

/** The notices that belong in the strip, oldest first. */
export function loudNotices(notices: readonly Notice[]): Notice[] {
  return notices.filter(({ code }) => !QUIET.has(code))
}

/** What happened, and what to do, for a notice; a code that is new to this page is shown as it is. */
export function noticeText({ code, params }: Notice): { title: string; detail: string } {
  const title = `notice.${code}`
  const detail = `notice.${code}.detail`
  return {
    title: hasText(title) ? t(title, { count: params.count ?? 0 }) : code,
    detail: hasText(detail) ? t(detail) : '',
  }
}
