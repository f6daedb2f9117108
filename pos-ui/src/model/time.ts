// Times as people read them, in the language of the page and the time zone of the box.

/** How long something has lasted, in its largest whole unit. */
export interface Span {
  n: number
  unit: 'second' | 'minute' | 'hour' | 'day'
}

const STEPS: readonly [Span['unit'], number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** Milliseconds as the largest whole unit a person would say. */
export function span(ms: number): Span {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  for (const [unit, size] of STEPS) {
    if (seconds >= size) return { n: Math.floor(seconds / size), unit }
  }
  return { n: seconds, unit: 'second' }
}

/** `21:04`, for a time of RFC 3339. */
export function formatClock(time: string | number | Date): string {
  const at = new Date(time)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}`
}

/** `11-21`, for a time or a business date. */
export function formatDay(time: string | number | Date): string {
  if (typeof time === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(time)) return time.slice(5)
  const at = new Date(time)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** The day with its weekday in the page's language. */
export function formatLongDay(time: string | number | Date, language: string): string {
  return new Intl.DateTimeFormat(language, {
    month: 'long',
    day: 'numeric',
    weekday: 'long',
  }).format(new Date(time))
}
