// What was measured, in the shape of nigh bench (server/bench/result.go): each figure beside a yardstick of the same run,
// the ratio stated so that larger is better.

import { cpus } from 'node:os'
import type { Row } from './compare.ts'
import type { Clicks, Speed, Visit } from './speed.ts'
import type { Asked, Kind } from '../web/job.ts'

export type Figures = Record<string, number>

export interface Case {
  name: string
  figures: Figures
  yardstick: { name: string; figures: Figures }
  ratio: number
}

export interface Result {
  bench: 'browser'
  machine: { cpu: string; cores: number; browser: string }
  cases: Case[]
}

export function result(browser: string, cases: Case[]): Result {
  const all = cpus()
  return { bench: 'browser', machine: { cpu: all[0]?.model ?? process.arch, cores: all.length, browser }, cases }
}

/** What is asked of others, what of nigh beside it, and what that is called. */
const kinds: [Asked, Kind, string][] = [
  ['forYou', 'forYou', 'for-you'], ['forYou', 'forYouIds', 'for-you, ids only'], ['cut', 'forYou', 'for-you-cut'], // nigh has nothing to cut
  ['similar', 'similar', 'similar'], ['similar', 'similarIds', 'similar, ids only'],
]

/** Of one size of catalog: each question, then what engines cost, against each other engine. */
export function comparison(rows: Row[]): Case[] {
  const nigh = rows.find((row) => row.engine === 'nigh')
  if (!nigh) return []
  const out: Case[] = []
  for (const [kind, ours, name] of kinds) {
    const own = nigh.times[ours]!
    const figures = (times: typeof own): Figures => ({ p50_ms: round(times.p50), p95_ms: round(times.p95), p99_ms: round(times.p99), questions: times.questions })
    for (const row of rows) {
      const times = row.times[kind]
      if (row === nigh || !times) continue
      const mine = ours === 'forYou' ? { ...figures(own), parse_p50_ms: round(nigh.readMs) } : figures(own)
      out.push({ name: `items=${nigh.items}/${name}`, figures: mine, yardstick: { name: named(row, nigh), figures: figures(times) }, ratio: round(times.p50 / own.p50) })
    }
  }
  const costs = (row: Row): Figures => ({
    build_ms: Math.round(row.buildMs), memory_mb: round(row.memory / 1e6), library_kb: round(row.library / 1e3), catalog_kb: Math.round(row.catalog / 1e3),
  })
  for (const row of rows) {
    if (row !== nigh) out.push({ name: `items=${nigh.items}/build`, figures: costs(nigh), yardstick: { name: named(row, nigh), figures: costs(row) }, ratio: round(row.buildMs / nigh.buildMs) })
  }
  return out
}

const named = (row: Row, nigh: Row) => (row.items === nigh.items ? row.engine : `${row.engine}, ${row.items} items`)

/** What a page must keep, in milliseconds; the yardsticks of its cases. */
export const floors = { click: 16, throttled: 50, paint: 200, ready: 400, longest: 50 }

export function page(speed: Speed, items: number): Case[] {
  const against = (name: string, figures: Figures, measured: number, floor: string, ms: number): Case => ({
    name: `items=${items}/page/${name}`, figures, yardstick: { name: 'floor', figures: { [floor]: ms } }, ratio: round(ms / Math.max(measured, 0.01)),
  })
  const spread = (all: number[]): Figures => ({ p50_ms: round(share(all, 0.5)), p95_ms: round(share(all, 0.95)), max_ms: round(Math.max(...all)), times: all.length })
  const of = (what: 'paint' | 'ready') => speed.later.map((visit: Visit) => visit[what])
  const clicks = (all: Clicks) => spread(all)
  const longest = (visits: Visit[]) => Math.max(0, ...visits.flatMap((visit) => visit.longTasks))
  const long = (visits: Visit[]): Figures => ({ max_ms: round(longest(visits)), over_50_ms: visits.flatMap((visit) => visit.longTasks).length, visits: visits.length })
  return [
    against('click', clicks(speed.clicks), share(speed.clicks, 0.95), 'p95_ms', floors.click),
    against('click, page on a quarter of the CPU', clicks(speed.throttled), share(speed.throttled, 0.95), 'p95_ms', floors.throttled),
    against('first contentful paint', spread(of('paint')), share(of('paint'), 0.95), 'p95_ms', floors.paint),
    against('first own list', spread(of('ready')), share(of('ready'), 0.95), 'p95_ms', floors.ready),
    against('longest task, first visit', long(speed.first), longest(speed.first), 'max_ms', floors.longest),
    against('longest task, later visits', long(speed.later), longest(speed.later), 'max_ms', floors.longest),
  ]
}

export const share = (all: number[], of: number) => all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * of))]!

/** Three digits that matter. */
const round = (n: number) => Number(n.toPrecision(3))

/** A table for people: a line a case, its yardstick below it. */
export function table({ machine, cases }: Result): string {
  const text = (figures: Figures) => Object.entries(figures).map(([name, value]) => `${name} ${value}`).join('  ')
  const width = Math.max(...cases.map(({ name, yardstick }) => Math.max(name.length, yardstick.name.length + 2)))
  const lines = [`browser on ${machine.cpu}, ${machine.cores} cores, ${machine.browser}`, '']
  let last = ''
  for (const { name, figures, yardstick, ratio } of cases) {
    if (name !== last) lines.push(`${name.padEnd(width)}  ${text(figures)}`)
    lines.push(`${`  ${yardstick.name}`.padEnd(width)}  ${text(yardstick.figures)}  × ${ratio}`)
    last = name
  }
  return lines.join('\n')
}
