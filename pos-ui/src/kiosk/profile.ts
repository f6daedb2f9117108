// How large a pixel is on a kiosk: pads and large panels, where the same resolution is another size than on a till.
import { told, type Face } from '../device/profile'

const MM_PER_UNIT = 0.25
const MM_DEFAULT = 0.253

/** Millimetres per pixel of common pads and panels, by their resolution. `?mm=0.17` says better. */
const SCREENS: Record<string, number> = {
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

let scale = 1

const mmPerPx = (width: number, height: number, mmTold: number | null) =>
  mmTold ?? SCREENS[`${width}x${height}`] ?? MM_DEFAULT

/** One unit in pixels on a kiosk's screen of this size. */
export function kioskUnitPx(_: Face, width: number, height: number, mmTold: number | null): number {
  const mm = mmPerPx(width, height, mmTold)
  const inches = (Math.hypot(width, height) * mm) / MM_PER_INCH
  return (MM_PER_UNIT / mm) * (inches > FAR_INCHES ? FAR_FACTOR : 1) * scale
}

/** How high a kiosk's screen is in millimetres. */
export function screenHeightMm(width: number, height: number): number {
  return height * mmPerPx(width, height, told())
}

/** Shows everything of this page so much larger (大字版). */
export function scaleBy(factor: number): void {
  scale = factor
  // Whoever sets the unit does so whenever the window changes.
  window.dispatchEvent(new Event('resize'))
}
