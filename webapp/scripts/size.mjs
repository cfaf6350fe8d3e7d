// Prints what a browser loads: raw, gzip and brotli, in kB of 1,000 bytes.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist')
const assets = readdirSync(join(dist, 'assets')).map((name) => `assets/${name}`)
const named = (pattern) => assets.filter((name) => pattern.test(name))

const rows = [
  ['module (nigh.wasm)', named(/nigh-.*\.wasm$/)],
  ['worker (with Go’s wasm_exec)', named(/worker-.*\.js$/)],
  ['page script (with SDK)', named(/index-.*\.js$/)],
  ['… a second device, when asked for', named(/second-.*\.(js|css)$/)],
  ['page style', named(/index-.*\.css$/)],
  ['font (Latin)', named(/newsreader-latin-opsz.*\.woff2$/)],
  ['SDK alone (nigh.js)', ['nigh.js']],
  ['… where there is no WebAssembly', named(/server_only-.*\.js$/)],
  ['elements, with SDK (elements.js)', ['elements.js']],
]

const size = (files, suffix) =>
  files.reduce((sum, file) => {
    const path = join(dist, file)
    return sum + statSync(existsSync(path + suffix) ? path + suffix : path).size
  }, 0)
const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(9)

console.log(`${''.padEnd(34)}${'raw'.padStart(9)}${'gzip'.padStart(9)}${'brotli'.padStart(9)}  kB`)
for (const [label, files] of rows) {
  if (files.length === 0) throw new Error(`dist holds no ${label}; run make page`)
  console.log(label.padEnd(34) + ['', '.gz', '.br'].map((suffix) => kb(size(files, suffix))).join(''))
}
