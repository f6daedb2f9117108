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

const ownOffset = (time: string | number | Date) => -new Date(time).getTimezoneOffset()

/** A time whose UTC hands show what the clock on the wall shows. */
const shifted = (time: string | number | Date, offsetMinutes: number) =>
  new Date(new Date(time).getTime() + offsetMinutes * 60_000)

/**
 * `21:04`, for a time of RFC 3339, on the clock of a store `offsetMinutes` east of UTC;
 * on the clock of this box when no store says.
 */
export function formatClock(time: string | number | Date, offsetMinutes = ownOffset(time)): string {
  const at = shifted(time, offsetMinutes)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`
}

/** Minutes since midnight on the store's clock. */
export function minuteOfDay(time: string | number | Date, offsetMinutes = ownOffset(time)): number {
  const at = shifted(time, offsetMinutes)
  return at.getUTCHours() * 60 + at.getUTCMinutes()
}

/** `11-21`, for a business date. */
export function formatDay(date: string): string {
  return date.slice(5)
}

/** `11-22 00:30`, on the store's clock. */
export function formatMoment(time: string, offsetMinutes = ownOffset(time)): string {
  const day = shifted(time, offsetMinutes).toISOString().slice(0, 10)
  return `${formatDay(day)} ${formatClock(time, offsetMinutes)}`
}

const SOON_MS = 86_400_000

/** Until when something may be used, on the store's clock: its day, and the hour too when that is near. */
export function formatExpiry(time: string, offsetMinutes: number, now = Date.now()): string {
  const day = shifted(time, offsetMinutes).toISOString().slice(0, 10)
  const isSoon = Date.parse(time) - now < SOON_MS
  return isSoon ? formatMoment(time, offsetMinutes) : day
}

/** The day with its weekday in the page's language, on the store's clock. */
export function formatLongDay(time: number, language: string, offsetMinutes: number): string {
  return new Intl.DateTimeFormat(language, {
    month: 'long',
    day: 'numeric',
    weekday: 'long',
    timeZone: 'UTC',
  }).format(shifted(time, offsetMinutes))
}
