import { resolve } from 'node:path'
import { compare, launch } from './compare.ts'
import { Site } from './site.ts'

export async function main(args: string[]): Promise<number> {
  const site = await Site.start(resolve(import.meta.dirname, '../web'))
  const browser = await launch()
  for (const size of (args[0] ?? '10000').split(',').map(Number)) {
    await compare(browser, site, size, { sizes: [], engines: (args[1] ?? 'nigh,flexsearch,minisearch,orama,hnswlib,flat').split(','), readers: 100, keep: '/tmp/bb/keep', tell: console.log })
  }
  await browser.close()
  await site.stop()
  return 0
}
