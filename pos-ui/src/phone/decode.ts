// Reads a barcode off a photo, in this page: the photo never leaves the phone.
// The reader (ZXing as WebAssembly) is fetched from the store's node with the first photo.
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'

/** More pixels cost time and tell nothing more about bars. */
const SIDE_MAX = 1600

let reader: Promise<typeof import('zxing-wasm/reader')> | undefined

/** Fetches the reader once. By itself it would look for its program on a public server. */
function ready() {
  reader ??= import('zxing-wasm/reader').then((module) => {
    module.prepareZXingModule({ overrides: { locateFile: () => wasm } })
    return module
  })
  return reader
}

/** The size at which a photo is looked at: its longer side at most `SIDE_MAX`. */
export function looked(width: number, height: number): { width: number; height: number } {
  const by = Math.min(1, SIDE_MAX / Math.max(width, height, 1))
  return {
    width: Math.max(1, Math.round(width * by)),
    height: Math.max(1, Math.round(height * by)),
  }
}

async function pixels(photo: Blob): Promise<ImageData | null> {
  const bitmap = await createImageBitmap(photo)
  const { width, height } = looked(bitmap.width, bitmap.height)
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context?.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  return context?.getImageData(0, 0, width, height) ?? null
}

/** The code on a photo, or null where none can be read. Of several, a retail barcode comes first. */
export async function readPhoto(photo: Blob): Promise<string | null> {
  try {
    const [{ readBarcodes }, image] = await Promise.all([ready(), pixels(photo)])
    if (!image) return null
    const found = await readBarcodes(image, { tryHarder: true, maxNumberOfSymbols: 4 })
    const texts = found.map(({ text }) => text.trim()).filter((text) => text !== '')
    return texts.find((text) => /^\d{8}$|^\d{12,14}$/.test(text)) ?? texts[0] ?? null
  } catch {
    return null
  }
}
