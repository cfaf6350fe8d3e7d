// Builds what is in src/ and runs it: src/node in Node, src/web in the browser; and each library alone, for its size.
// make bench-browser calls it.

import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { build } from 'vite'

const here = dirname(fileURLToPath(import.meta.url))
const built = join(here, 'build')
const common = { configFile: false, logLevel: 'error', root: join(here, 'src/web'), publicDir: false, base: './', worker: { format: 'es' } }

await build({
  ...common,
  build: { outDir: join(built, 'web'), emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false, modulePreload: false },
})
await build({
  ...common,
  ssr: { external: ['@playwright/test'] },
  build: { ssr: join(here, 'src/node/main.ts'), outDir: join(built, 'node'), emptyOutDir: true, target: 'node20', reportCompressedSize: false },
})

/** What a page needs of each library. */
const libraries = {
  minisearch: "export { default } from 'minisearch'",
  flexsearch: "export { Index } from 'flexsearch'",
  orama: "export { create, insertMultiple, search } from '@orama/orama'",
  hnswlib: "export { loadHnswlib } from 'hnswlib-wasm'",
}
for (const [name, code] of Object.entries(libraries)) {
  const entry = join(here, `src/${name}-alone.js`) // not on the disk
  const one = { name: 'one', resolveId: (id) => (id === entry ? id : null), load: (id) => (id === entry ? code : null) }
  const made = await rolldown({ input: entry, plugins: [one], platform: 'browser', logLevel: 'silent' })
  await made.write({ file: join(built, 'lib', `${name}.js`), format: 'es', minify: true, codeSplitting: false })
  await made.close()
}

const { main } = await import(pathToFileURL(join(built, 'node/main.js')).href)
process.exitCode = await main(process.argv.slice(2))
