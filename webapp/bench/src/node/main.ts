// make bench-browser: see README.md beside package.json.

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'
import { options } from './browser.ts'
import { makeUp } from './catalog.ts'
import { chart } from './chart.ts'
import { compare, engines, type Row } from './compare.ts'
import { Nigh } from './nigh.ts'
import { comparison, page, result, table, type Case } from './result.ts'
import { Site } from './site.ts'
import { speed } from './speed.ts'

const help = `make bench-browser BENCH='…', with any of
  --sizes N,…     items of the catalogs (10000,100000)
  --engines E,…   of ${engines.join(', ')}; nigh is always there
  --page N        items of the catalog whose page is measured (10000); 0 for none
  --clicks N      clicks that are timed, twice (60)
  --visits N      later visits of the page (12)
  --readers N     readers whose lists are timed (100)
  --json          one JSON object instead of a table
  --svg FILE      write the chart
  --keep FOLDER   keep imported catalogs there, for the next run`

export async function main(args: string[]): Promise<number> {
  const text = (value: string) => ({ type: 'string' as const, default: value })
  let values
  try {
    values = parseArgs({
      args,
      options: {
        sizes: text('10000,100000'), engines: text(engines.join()), page: text('10000'), clicks: text('60'), visits: text('12'), readers: text('100'),
        json: { type: 'boolean', default: false }, svg: text(''), keep: text(''), help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n${help}`)
    return 2
  }
  const number = (s: string) => Number(s)
  const sizes = values.sizes === '' ? [] : values.sizes.split(',').map(number)
  const wanted = ['nigh', ...values.engines.split(',').filter((name) => name !== 'nigh' && name !== '')]
  const [paged, clicks, visits, readers] = [values.page, values.clicks, values.visits, values.readers].map(number) as [number, number, number, number]
  const counts = [...sizes, clicks, visits, readers]
  if (values.help || counts.some((n) => !Number.isInteger(n) || n < 1) || sizes.some((n) => n < 1000) || !Number.isInteger(paged) || wanted.some((name) => !engines.includes(name))) {
    console.error(values.help ? help : `error: sizes are whole numbers from 1000, counts from 1, engines those below\n${help}`)
    return values.help ? 0 : 2
  }
  const began = performance.now()
  const tell = (step: string) => console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${step}`)

  const cases: Case[] = []
  const groups: Row[][] = []
  let version = ''
  for (const size of [...new Set([...sizes, ...(paged > 0 ? [paged] : [])])].sort((a, b) => a - b)) {
    tell(`a catalog of ${size} items: made up, imported and served`)
    const site = await Site.start(resolve(import.meta.dirname, '../web'))
    const catalog = makeUp(size, 3, readers, 50)
    const nigh = await Nigh.start(catalog, site.url, values.keep)
    try {
      if (sizes.includes(size)) {
        const browser = await chromium.launch(options())
        version = `Chromium ${browser.version()}`
        const rows = await compare(browser, site, nigh.url, catalog, wanted, tell)
        await browser.close()
        groups.push(rows)
        cases.push(...comparison(rows))
      }
      if (size === paged) cases.push(...page(await speed(nigh.url, size, visits, clicks, tell), size))
    } finally {
      await nigh.stop()
      await site.stop()
    }
  }
  tell('done')
  const all = result(version, cases)
  console.log(values.json ? JSON.stringify(all) : table(all))
  if (values.svg !== '' && groups.length > 0) await writeFile(values.svg, chart(groups))
  return 0
}
