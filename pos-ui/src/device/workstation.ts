// Which workstation this page is for: `?workstation=2`, 1 when nobody says, always visible in the address.
const NUMBER_MAX = 9999

/** Reads the workstation from the address and writes it there when it was missing. */
export function workstationOfPage(): number {
  const url = new URL(location.href)
  const asked = Number(url.searchParams.get('workstation'))
  const number = Number.isInteger(asked) && asked >= 1 && asked <= NUMBER_MAX ? asked : 1
  if (url.searchParams.get('workstation') !== String(number)) {
    url.searchParams.set('workstation', String(number))
    history.replaceState(null, '', url)
  }
  return number
}
