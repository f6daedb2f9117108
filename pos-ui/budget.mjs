// Fails the build when the first load of a page (HTML, CSS, JS; gzip) outgrows its budget.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const budgets = { operator: 60, customer: 50, devices: 60, kiosk: 60, phone: 45 }
const root = new URL('dist/ui/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', root), 'utf8'))

const size = (file) => {
  const path = fileURLToPath(new URL(file, root))
  return statSync(existsSync(`${path}.gz`) ? `${path}.gz` : path).size
}

function firstLoad(key, seen) {
  const chunk = manifest[key]
  for (const file of [chunk.file, ...(chunk.css ?? [])]) seen.add(file)
  for (const next of chunk.imports ?? []) firstLoad(next, seen)
  return seen
}

let over = 0
for (const [face, limit] of Object.entries(budgets)) {
  const files = firstLoad(`${face}/index.html`, new Set([`${face}/index.html`]))
  const kb = [...files].reduce((sum, file) => sum + size(file), 0) / 1000
  if (kb > limit) over += 1
  console.log(
    `first load ${face.padEnd(9)} ${kb.toFixed(1)} kB gz of ${limit} kB${kb > limit ? '  TOO MUCH' : ''}`,
  )
}
process.exitCode = over === 0 ? 0 : 1
