// Serves the bench's page and what engines are built of. The page is cross-origin isolated: only then its clock is finer
// than 0.1 ms, and it may ask how much memory it takes.

import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' }

export class Site {
  readonly url: string
  readonly data = new Map<string, Uint8Array | string>() // path -> body
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(folder: string): Promise<Site> {
    let site: Site | null = null
    const server = createServer((request, response) => {
      const asked = normalize(new URL(request.url!, 'http://site').pathname)
      const path = asked === '/' ? '/index.html' : asked
      response.setHeader('cross-origin-opener-policy', 'same-origin')
      response.setHeader('cross-origin-embedder-policy', 'require-corp')
      response.setHeader('cross-origin-resource-policy', 'same-origin')
      const answer = (body: Uint8Array | string) => {
        response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream')
        response.end(body)
      }
      const held = site?.data.get(path)
      if (held !== undefined) return answer(held)
      readFile(join(folder, path)).then(answer, () => {
        response.statusCode = 404
        response.end()
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return (site = new Site(server))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }
}
