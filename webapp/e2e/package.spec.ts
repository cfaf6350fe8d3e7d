// The npm packages as strangers use them: packed, installed into a fresh Vite project, built, and run in a browser.
// Vite, TypeScript and the frameworks are this repository's own; npm installs the two tarballs, and asks no registry.

import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, createServer as createVite, type ViteDevServer } from 'vite'
import { expect, Server, test, type Page } from './nigh.ts'

const webapp = fileURLToPath(new URL('..', import.meta.url))
const apps = join(webapp, 'e2e/apps')
const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' }

let project = ''
let site: HttpServer
let origin = ''
let server: Server

const run = (command: string, args: string[], cwd: string) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

test.describe.configure({ mode: 'serial' }) // one project for all of them

test.beforeAll(async () => {
  test.setTimeout(180_000)
  run(process.execPath, ['scripts/package.mjs'], webapp)
  project = mkdtempSync(join(tmpdir(), 'nigh-npm-'))
  const tarballs = ['sdk', 'elements'].map((name) => run('npm', ['pack', '--silent', '--pack-destination', project, join(webapp, name, 'build/npm')], webapp).trim())
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies: { '@nigh/client': `file:${tarballs[0]}`, '@nigh/elements': `file:${tarballs[1]}` } }))
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=peer'], project)
  for (const name of ['react', 'react-dom', 'vue', '@types']) symlinkSync(join(webapp, 'node_modules', name), join(project, 'node_modules', name))
  const pages = ['plain', 'react', 'vue', 'elements']
  mkdirSync(join(project, 'src'))
  for (const name of pages) {
    copyFileSync(join(apps, `${name}.ts`), join(project, 'src', `${name}.ts`))
    writeFileSync(join(project, `${name}.html`), `<!doctype html><html lang="en"><title>${name}</title><link rel="icon" href="data:,"><div id="app"></div>
      ${name === 'plain' ? '<ol id="list"></ol><button id="like">Like the first</button><button id="undo">Undo</button>' : ''}
      <script type="module" src="./src/${name}.ts"></script></html>`)
  }
  await build({
    root: project, configFile: false, logLevel: 'warn',
    build: { rollupOptions: { input: pages.map((name) => join(project, `${name}.html`)) } },
  })
  site = createServer((request, response) => {
    const file = join(project, 'dist', new URL(request.url!, 'http://site').pathname)
    if (!existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  server = await Server.start(['--origin', '*'])
})

test.afterAll(async () => {
  site?.close()
  await server?.stop()
  if (project) rmSync(project, { recursive: true, force: true })
})

test('the package holds the module, the worker, types and source maps, and says what it exports', () => {
  const folder = join(project, 'node_modules/@nigh/client')
  const files = readdirSync(folder, { recursive: true }).map(String)
  for (const file of ['index.js', 'react.js', 'vue.js', 'worker.js', 'server_only.js', 'nigh.wasm', 'client.js.map', 'types/index.d.ts', 'README.md']) expect(files).toContain(file)
  expect(files.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file)), 'sources').toEqual([])
  const described = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  expect(described).toMatchObject({ sideEffects: false, type: 'module', peerDependenciesMeta: { react: { optional: true }, vue: { optional: true } } })
  for (const entry of Object.values(described.exports as Record<string, string | { types: string; default: string }>)) {
    for (const file of typeof entry === 'string' ? [entry] : [entry.types, entry.default]) expect(existsSync(join(folder, file)), file).toBe(true)
  }
  expect(existsSync(join(project, 'node_modules/lit'))).toBe(false)
})

test('its types hold under both ways of finding modules', () => {
  for (const [module, moduleResolution] of [['ESNext', 'bundler'], ['NodeNext', 'NodeNext']]) {
    const config = { compilerOptions: { target: 'ES2022', module, moduleResolution, strict: true, noEmit: true, lib: ['ES2023', 'DOM', 'DOM.Iterable'], types: [] }, include: ['src'] }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config))
    run(process.execPath, [join(webapp, 'node_modules/typescript/bin/tsc'), '-p', '.'], project)
  }
  const wrong = "import { connect } from '@nigh/client'\nconnect({ url: 'x', user: 'u' }).recommend({ limit: 'five' })\n"
  writeFileSync(join(project, 'src/wrong.ts'), wrong)
  expect(() => run(process.execPath, [join(webapp, 'node_modules/typescript/bin/tsc'), '-p', '.'], project), 'a wish of another type').toThrow()
  rmSync(join(project, 'src/wrong.ts'))
})

test('importing it in Node and rendering with it touches no browser', () => {
  copyFileSync(join(apps, 'render.mjs'), join(project, 'render.mjs'))
  expect(JSON.parse(run(process.execPath, ['render.mjs'], project))).toEqual({ react: '<p>0 null</p>', vue: '<p>0 null</p>', types: ['function', 'function'] })
})

test('what is not used is not in the page: an unused import leaves nothing', async () => {
  writeFileSync(join(project, 'src/unused.js'), "import { connect, StatusEvent } from '@nigh/client'\nconsole.log(1)\n")
  const made = await build({ root: project, configFile: false, logLevel: 'silent', build: { write: false, rollupOptions: { input: join(project, 'src/unused.js') } } })
  const output = (made as { output: { code?: string; type: string }[] }).output
  expect(output.map((chunk) => chunk.code ?? chunk.type).join('').length).toBeLessThan(200)
})

const ids = (page: Page) => page.locator('#list li').evaluateAll((all) => all.map((it) => it.id))

/** Opens an app, likes the first item, and takes it back. */
async function use(page: Page, at: string, name: string): Promise<void> {
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(`${at}/${name}.html?server=${encodeURIComponent(server.url)}&user=${name}-${Date.now()}`)
  await expect(page.locator('#list')).toHaveAttribute('data-source', 'server')
  await expect(page.locator('#list li')).toHaveCount(5)
  const before = await ids(page)
  await page.locator('#like').click()
  await expect.poll(() => ids(page)).not.toContain(before[0])
  await page.locator('#undo').click()
  await expect.poll(() => ids(page), { message: 'the list of before the like' }).toEqual(before)
  expect(complaints).toEqual([])
}

test.describe('built by Vite', () => {
  for (const name of ['plain', 'react', 'vue']) {
    test(name, async ({ browser }) => {
      const page = await browser.newPage()
      await use(page, origin, name)
      if (name !== 'plain') {
        await page.locator('#similar').click()
        await expect(page.locator('#list li').filter({ hasText: 'In the Heart of the Sea' })).toHaveCount(1)
      }
      await page.close()
    })
  }

  test('elements', async ({ browser }) => {
    const page = await browser.newPage()
    await page.goto(`${origin}/elements.html?server=${encodeURIComponent(server.url)}&user=elements`)
    await expect(page.locator('#feed')).toHaveAttribute('data-source', 'server')
    await expect(page.locator('#feed li')).toHaveCount(5)
    await page.close()
  })

  test('without WebAssembly: the same app, the same calls, lists of the server', async ({ browser }) => {
    const page = await browser.newPage()
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly'))
    await use(page, origin, 'plain')
    await expect(page.locator('body')).toHaveAttribute('data-mode', 'server')
    await page.close()
  })
})

test('served by Vite as it is being written', async ({ browser }) => {
  let vite: ViteDevServer | undefined
  try {
    vite = await createVite({ root: project, configFile: false, logLevel: 'error', server: { host: '127.0.0.1', port: 0 }, optimizeDeps: { exclude: ['@nigh/client'] }, cacheDir: join(project, '.vite') })
    await vite.listen(0)
    const page = await browser.newPage()
    await use(page, `http://127.0.0.1:${(vite.httpServer!.address() as AddressInfo).port}`, 'plain')
    await page.close()
  } finally {
    await vite?.close()
  }
})
