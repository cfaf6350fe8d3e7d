// Builds what npm gets: sdk/build/npm (@nigh/client: wasm, worker and loader inside) and elements/build/npm
// (@nigh/elements), each with types and source maps, ready for `npm pack FOLDER`.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const here = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (path) => JSON.parse(readFileSync(join(here, path), 'utf8'))

/** Bundles entries of src/ into a folder: ESM, flat, so that what names the file beside it finds it. */
async function bundle(folder, input, external, plugins = []) {
  const made = await rolldown({ input, external, plugins, platform: 'browser', treeshake: { moduleSideEffects: (id) => /wasm_exec|define|elements\.ts/.test(id) } })
  await made.write({ dir: folder, format: 'es', sourcemap: true, minify: true, entryFileNames: '[name].js', chunkFileNames: '[name].js' })
  await made.close()
}

/** Writes the declarations of a project's src/ to folder/types, with the imports that the package has. */
function declare(project, folder) {
  const out = mkdtempSync(join(here, project, 'build/types-'))
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const made = spawnSync(process.execPath, [tsc, '-p', join(here, project), '--noEmit', 'false', '--emitDeclarationOnly', '--declaration', '--rootDir', here, '--outDir', out], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`tsc: ${made.stdout}${made.stderr}`)
  const source = join(out, project, 'src')
  mkdirSync(join(folder, 'types'), { recursive: true })
  for (const name of readdirSync(source)) {
    if (!name.endsWith('.d.ts') || /^(worker|host|tabs|spawn|spawn_npm|elements)\.d\.ts$/.test(name)) continue
    writeFileSync(join(folder, 'types', name), readFileSync(join(source, name), 'utf8').replace(/(from|import\() ?'(\.\.?\/[^']+)\.ts'/g, (_, word, path) => `${word}${word === 'from' ? ' ' : ''}'${path}.js'`))
  }
  rmSync(out, { recursive: true })
}

function describe(project, folder, entries, more = {}) {
  const { private: _, exports: __, sideEffects: ___, ...rest } = read(`${project}/package.json`)
  const exports = Object.fromEntries(entries.map(([name, file]) => [name, { types: `./types/${file}.d.ts`, default: `./${file}.js` }]))
  const described = { ...rest, sideEffects: false, exports: { ...exports, './package.json': './package.json' }, ...more }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(described, null, 2) + '\n')
  cpSync(join(here, project, 'README.md'), join(folder, 'README.md'))
}

function fresh(project) {
  const folder = join(here, project, 'build/npm')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

const client = fresh('sdk')
const src = (project, name) => join(here, project, 'src', `${name}.ts`)
/** The worker and its module lie beside the script here; the page's own build names them otherwise. */
const beside = {
  name: 'beside',
  resolveId: (id, importer) => (id === './spawn.ts' && importer ? src('sdk', 'spawn_npm') : null),
  transform: (code) => (code.includes("'../build/nigh.wasm'") ? { code: code.replaceAll("'../build/nigh.wasm'", "'./nigh.wasm'"), map: null } : null),
}
await bundle(client, { index: src('sdk', 'index'), react: src('sdk', 'react'), vue: src('sdk', 'vue') }, ['react', 'vue'], [beside])
await bundle(client, { worker: src('sdk', 'worker') }, [], [beside])
cpSync(join(here, 'sdk/build/nigh.wasm'), join(client, 'nigh.wasm'))
declare('sdk', client)
// idb is in worker.js: who installs the package needs nothing else.
describe('sdk', client, [['.', 'index'], ['./react', 'react'], ['./vue', 'vue']], { dependencies: undefined })
for (const [file, needs] of [['worker.js', 'nigh.wasm'], [readdirSync(client).find((name) => name.endsWith('.js') && /new Worker\(/.test(readFileSync(join(client, name), 'utf8'))), './worker.js']]) {
  if (!file || !readFileSync(join(client, file), 'utf8').includes(needs)) throw new Error(`the package's ${file} does not name ${needs}`)
}

const elements = fresh('elements')
await bundle(elements, { index: src('elements', 'index'), define: src('elements', 'define') }, ['@nigh/client'])
declare('elements', elements)
describe('elements', elements, [['.', 'index'], ['./define', 'define']], { sideEffects: ['./define.js'] })
console.log('built sdk/build/npm and elements/build/npm; npm pack makes a package of each')
