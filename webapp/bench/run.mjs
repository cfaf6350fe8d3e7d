// Builds what is in src/ and runs it: src/node in Node, src/web in the browser. make bench-browser calls it.

import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'

const here = dirname(fileURLToPath(import.meta.url))
const built = join(here, 'build')
const common = { configFile: false, logLevel: 'warn', root: join(here, 'src/web'), publicDir: false, base: './', worker: { format: 'es' } }

await build({
  ...common,
  build: { outDir: join(built, 'web'), emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false, modulePreload: false },
})
await build({
  ...common,
  ssr: { external: ['@playwright/test'] },
  build: { ssr: join(here, 'src/node/main.ts'), outDir: join(built, 'node'), emptyOutDir: true, target: 'node20', reportCompressedSize: false },
})
const { main } = await import(pathToFileURL(join(built, 'node/main.js')).href)
process.exitCode = await main(process.argv.slice(2))
