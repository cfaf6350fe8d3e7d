// Precompression: a .br (brotli 11) and a .gz (gzip 9) beside each file of more than 1 KB that becomes smaller by it.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const brotli = promisify(brotliCompress)
const gz = promisify(gzip)
const packed = new Set(['.woff2', '.png', '.br', '.gz'])

/** What the server fills before it sends it is compressed there, not here. */
const filled = new Set(['index.html', 'offline.js'])

export async function compress(folder) {
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => statSync(join(folder, name)).isFile() && name !== '.gitkeep')
    .sort()
  let compressed = 0
  await Promise.all(
    files.map(async (name) => {
      const file = join(folder, name)
      const bytes = readFileSync(file)
      if (bytes.length <= 1024 || packed.has(extname(name)) || filled.has(name)) return
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_LGWIN]: 24 }
      const [br, gzipped] = await Promise.all([brotli(bytes, { params }), gz(bytes, { level: 9 })])
      if (br.length < bytes.length) writeFileSync(`${file}.br`, br)
      if (gzipped.length < bytes.length) writeFileSync(`${file}.gz`, gzipped)
      compressed++
    }),
  )
  return { files: files.length, compressed }
}
