// Writes a brotli and a gzip copy beside every text file of the build, so the daemon never compresses.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('dist/', import.meta.url))
const compressible = new Set(['.html', '.css', '.js', '.json', '.svg', '.wasm', '.txt'])
const bytesMin = 512

const files = readdirSync(root, { recursive: true })
  .map((name) => join(root, name))
  .filter((path) => statSync(path).isFile() && compressible.has(extname(path)))
  .sort()

let plain = 0
let gzip = 0
let brotli = 0
for (const path of files) {
  const bytes = readFileSync(path)
  if (bytes.length < bytesMin) continue
  const small = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
  const wide = gzipSync(bytes, { level: 9 })
  writeFileSync(`${path}.br`, small)
  writeFileSync(`${path}.gz`, wide)
  plain += bytes.length
  gzip += wide.length
  brotli += small.length
}
const kb = (n) => (n / 1000).toFixed(1)
console.log(`compressed: ${kb(plain)} kB plain, ${kb(gzip)} kB gzip, ${kb(brotli)} kB brotli`)
