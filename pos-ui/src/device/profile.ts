// How large a pixel is on this screen, so that a key is 12 mm wide on every till.

export type Face = 'operator' | 'customer' | 'devices' | 'kiosk' | 'phone'

const REMEMBERED = 'guitai.mm'
const MM_PER_UNIT = 0.25

/** Millimetres per pixel of common till screens, by their resolution. `?mm=0.17` says better. */
const SCREENS: Record<string, number> = {
  '1024x768': 0.297,
  '1280x800': 0.25,
  '1280x1024': 0.264,
  '1366x768': 0.253,
  '1920x1080': 0.179,
}
const MM_DEFAULT = 0.253

/** A customer display is read from a metre away: its page is laid out on 890 × 520 units and fills the screen. */
const CUSTOMER_UNITS = { width: 890, height: 520 }

/** What `?mm=` said of this screen, also before. */
export function told(): number | null {
  const query = new URLSearchParams(location.search).get('mm')
  if (query) localStorage.setItem(REMEMBERED, query)
  const mm = Number(query ?? localStorage.getItem(REMEMBERED))
  return mm >= 0.05 && mm <= 1 ? mm : null
}

/** One unit in pixels for a face on a screen of this size. */
export function unitPx(face: Face, width: number, height: number, mmTold: number | null): number {
  if (face === 'customer') {
    return Math.min(width / CUSTOMER_UNITS.width, height / CUSTOMER_UNITS.height)
  }
  // A phone's own pixel is made for its distance already.
  if (face === 'phone') return 1
  const mm = mmTold ?? SCREENS[`${width}x${height}`] ?? MM_DEFAULT
  return MM_PER_UNIT / mm
}

/** Sets `--u` now and whenever the window changes its size. */
export function followProfile(face: Face, unit: typeof unitPx = unitPx): void {
  const set = () => {
    const px = unit(face, window.innerWidth, window.innerHeight, told())
    document.documentElement.style.setProperty('--u', `${px.toFixed(4)}px`)
  }
  set()
  window.addEventListener('resize', set)
}
