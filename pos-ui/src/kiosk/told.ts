// What a shopper is told of a trouble: what a cashier is told to do about it is no help to them.
import { troubleText, type Trouble } from '../api/problem'
import { hasText, t } from '../locales'

/** Our own words for it where there are any, else the daemon's. */
export function toldToShopper(trouble: Trouble): { title: string; detail: string } {
  const [title, detail] = [`kiosk.problem.${trouble.slug}`, `kiosk.problem.${trouble.slug}.detail`]
  return hasText(title) && hasText(detail)
    ? { title: t(title), detail: t(detail) }
    : troubleText(trouble)
}
