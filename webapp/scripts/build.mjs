// Builds dist/: the demo's page and its service worker (offline.js), nigh.js and elements.js (the SDK and the elements, each as one file for a script tag), the
// documentation page, and a .br and .gz beside every file worth it. sdk/build/ holds the module by then (make module).

import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { compress } from './compress.mjs'

const here = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(here, 'dist')

for (const file of ['nigh.wasm', 'wasm_exec.js']) {
  if (!existsSync(join(here, 'sdk/build', file))) {
    console.error(`error: sdk/build/${file} is missing\nhint: make module builds it; make page does both`)
    process.exit(1)
  }
}

// dist itself stays: it is embedded into the Go program, and .gitkeep is what git knows of it.
mkdirSync(dist, { recursive: true })
for (const name of readdirSync(dist)) if (name !== '.gitkeep') rmSync(join(dist, name), { recursive: true })

/** Where one script names another file, relatively: the site may be served below any path, nigh.js from any page. */
const relative = (_file, { hostType }) => (hostType === 'js' ? { relative: true } : undefined)

/** @type {import('vite').InlineConfig} */
const common = {
  configFile: false,
  logLevel: 'warn',
  root: join(here, 'demo'),
  experimental: { renderBuiltUrl: relative },
  worker: { format: 'es' },
}
const output = { assetFileNames: 'assets/[name]-[hash][extname]', chunkFileNames: 'assets/[name]-[hash].js' }
const options = { outDir: dist, emptyOutDir: false, target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false }

const page = await build({
  ...common,
  build: { ...options, modulePreload: { polyfill: false }, rollupOptions: { output: { ...output, entryFileNames: 'assets/[name]-[hash].js' } } },
})

// The service worker keeps all that the page consists of; it is one file, at the root, for it serves what lies below it.
const hashed = page.output.map((file) => file.fileName).filter((name) => name.startsWith('assets/') && !name.endsWith('.map'))
for (const kind of ['.js', '.css', '.woff2', '.wasm']) {
  if (!hashed.some((name) => name.endsWith(kind))) throw new Error(`the page was built without a ${kind} file`)
}
const plain = ['icon.svg', 'manifest.webmanifest'].map((name) => ['/' + name, createHash('sha256').update(readFileSync(join(dist, name))).digest('hex').slice(0, 16)])
await build({
  ...common,
  publicDir: false,
  define: { HASHED: JSON.stringify(hashed.sort().map((name) => '/' + name)), PLAIN: JSON.stringify(Object.fromEntries(plain)) },
  build: { ...options, rollupOptions: { input: join(here, 'demo/offline/worker.ts'), output: { format: 'iife', entryFileNames: 'offline.js' } } },
})
for (const [name, entry] of [['nigh', 'sdk/src/index.ts'], ['elements', 'elements/src/elements.ts']]) {
  await build({
    ...common,
    publicDir: false,
    build: {
      ...options,
      sourcemap: true,
      modulePreload: false, // what is loaded late is needed by few
      rollupOptions: {
        input: { [name]: join(here, entry) },
        preserveEntrySignatures: 'strict',
        output: { ...output, entryFileNames: '[name].js' },
      },
    },
  })
}

const swagger = join(here, 'node_modules/swagger-ui-dist')
for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) copyFileSync(join(swagger, name), join(dist, 'docs', name))

const made = await compress(dist)
console.log(`dist: ${made.files} files, ${made.compressed} of them compressed as well`)
