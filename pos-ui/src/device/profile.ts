// How large a pixel is on this screen, so that a key is 12 mm wide on every till.

export type Face = 'operator' | 'customer' | 'devices' | 'kiosk'

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

/** Kiosks are pads and large panels, where the same resolution is another size than on a till. */
const KIOSK_SCREENS: Record<string, number> = {
  '1280x800': 0.17,
  '800x1280': 0.17,
  '1080x1920': 0.248,
  '1920x1080': 0.248,
  '2160x3840': 0.242,
}
/** From a larger screen one stands further away, and reads the larger. */
const FAR_INCHES = 24
const FAR_FACTOR = 1.25
const MM_PER_INCH = 25.4

function kioskUnitPx(width: number, height: number, mmTold: number | null): number {
  const mm = mmTold ?? KIOSK_SCREENS[`${width}x${height}`] ?? MM_DEFAULT
  const inches = (Math.hypot(width, height) * mm) / MM_PER_INCH
  return (MM_PER_UNIT / mm) * (inches > FAR_INCHES ? FAR_FACTOR : 1)
}

/** How high a kiosk's screen is in millimetres. */
export function screenHeightMm(width: number, height: number): number {
  return height * (told() ?? KIOSK_SCREENS[`${width}x${height}`] ?? MM_DEFAULT)
}

function told(): number | null {
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
  if (face === 'kiosk') return kioskUnitPx(width, height, mmTold)
  const mm = mmTold ?? SCREENS[`${width}x${height}`] ?? MM_DEFAULT
  return MM_PER_UNIT / mm
}

let scale = 1
let setAgain = () => {}

/** Shows everything of this page so much larger (大字版). */
export function scaleBy(factor: number): void {
  scale = factor
  setAgain()
}

/** Sets `--u` now and whenever the window changes its size. */
export function followProfile(face: Face): void {
  const set = () => {
    const unit = unitPx(face, window.innerWidth, window.innerHeight, told()) * scale
    document.documentElement.style.setProperty('--u', `${unit.toFixed(4)}px`)
  }
  set()
  setAgain = set
  window.addEventListener('resize', set)
}
