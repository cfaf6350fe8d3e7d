// bin/nigh with a made-up catalog: imported, learnt and served, as a site would do it.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Catalog } from './catalog.ts'

const binary = resolve(import.meta.dirname, '../../../../bin/nigh')
const start = Date.UTC(2026, 0, 1) / 1000

export class Nigh {
  readonly url: string
  readonly #process: ChildProcess
  readonly #forget: () => Promise<void>

  private constructor(url: string, process: ChildProcess, forget: () => Promise<void>) {
    this.url = url
    this.#process = process
    this.#forget = forget
  }

  /**
   * Imports a catalog and its log, and serves them, to pages of an origin too. With a folder `keep` what was imported
   * stays there, and is taken from there the next time: importing is most of a run's time.
   */
  static async start(catalog: Catalog, origin: string, keep: string): Promise<Nigh> {
    const folder = keep === '' ? await mkdtemp(join(tmpdir(), 'nigh-bench-')) : join(keep, String(catalog.items.length))
    const forget = async () => keep === '' && rm(folder, { recursive: true, force: true })
    const data = join(folder, 'catalog')
    try {
      if (!existsSync(join(folder, 'done'))) await fill(folder, data, catalog)
      const process = spawn(binary, ['serve', '--demo', '--addr', '127.0.0.1:0', '--data', data, '--origin', origin], { stdio: ['ignore', 'pipe', 'pipe'] })
      return new Nigh(await listening(process), process, async () => void (await forget()))
    } catch (error) {
      await forget()
      throw error
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done))
    this.#process.kill('SIGTERM')
    await ended
    await this.#forget()
  }
}

async function fill(folder: string, data: string, { items, events }: Catalog): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const [itemsFile, eventsFile] = [join(folder, 'items.jsonl'), join(folder, 'events.csv')]
  await write(itemsFile, items, (item) => JSON.stringify(item))
  await write(eventsFile, [['user', 'item', 'kind', 'at'], ...events.map(([user, item], i) => [user, items[item]!.id, 'view', start + i])], (row) => row.join())
  run('import', 'items', itemsFile, '--data', data)
  run('import', 'events', eventsFile, '--data', data)
  await writeFile(join(folder, 'done'), '')
}

function run(...args: string[]): void {
  const { status, stderr, stdout } = spawnSync(binary, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`bin/nigh ${args.join(' ')}: ${stdout}${stderr}`)
}

/** The address that it serves at, once it does. */
function listening(process: ChildProcess): Promise<string> {
  const log: string[] = []
  process.stderr!.on('data', (chunk: Buffer) => log.push(chunk.toString()))
  return new Promise((done, reject) => {
    createInterface(process.stdout!).on('line', (line) => {
      const found = /http:\/\/\S+/.exec(line)
      if (found) done(found[0].replace(/\/$/, ''))
    })
    process.once('error', reject)
    process.once('exit', (code) => reject(new Error(`bin/nigh ended with ${code} before it was ready:\n${log.join('')}`)))
  })
}

async function write<T>(file: string, rows: T[], line: (row: T) => string): Promise<void> {
  const out = createWriteStream(file)
  for (let i = 0; i < rows.length; i += 1000) {
    const text = rows.slice(i, i + 1000).map((row) => `${line(row)}\n`).join('')
    if (!out.write(text)) await new Promise<void>((done) => out.once('drain', () => done()))
  }
  await new Promise<void>((done, failed) => out.end((error?: Error | null) => (error ? failed(error) : done())))
}
