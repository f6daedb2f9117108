// How the console says times and codes.
import type { Notice } from '../api/types'
import { hasText, t } from '../locales'
import { formatClock, formatDay, span } from '../model/time'

/** What happened, and what to do, for a notice; a code that is new to this page is shown as it is. */
export function noticeText({ code }: Notice): { title: string; detail: string } {
  const title = `notice.${code}`
  const detail = `notice.${code}.detail`
  return { title: hasText(title) ? t(title) : code, detail: hasText(detail) ? t(detail) : '' }
}

/** How long ago something was, or since when it lasts: `3 分钟`. */
export function lasting(since: string, now: string): string {
  const { n, unit } = span(Date.parse(now) - Date.parse(since))
  return t(`console.span.${unit}`, { n })
}

/** The store's clock; with its day when that is not today. */
export function moment(time: string, now: string, offset: number): string {
  const day = (at: string) => new Date(Date.parse(at) + offset * 60_000).toISOString().slice(0, 10)
  const clock = formatClock(time, offset)
  return day(time) === day(now) ? clock : `${formatDay(day(time))} ${clock}`
}
