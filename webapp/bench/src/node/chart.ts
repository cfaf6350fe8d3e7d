// The picture of a comparison: bars on a logarithmic scale, as an SVG written by hand. A chart library would be the largest
// dependency here, for eighty lines of rectangles.

import type { Row } from './compare.ts'

const width = 760
const left = 150
const right = 90
const bar = 22
const names: Record<string, string> = { nigh: 'nigh', flexsearch: 'FlexSearch', minisearch: 'MiniSearch', orama: 'Orama', hnswlib: 'hnswlib-wasm', flat: 'flat scan' }
const low = 0.01 // ms
const high = 10_000

/** "For you" of a history of 50, p50 as bars and p95 as a line behind them; a group of rows for each size. */
export function chart(groups: Row[][]): string {
  const scale = (ms: number) => ((Math.log10(Math.min(high, Math.max(low, ms))) - Math.log10(low)) / Math.log10(high / low)) * (width - left - right)
  const out: string[] = []
  let y = 52
  for (const rows of groups) {
    const size = Math.max(...rows.map((row) => row.items))
    out.push(`<text x="16" y="${y + 14}" class="head">${size.toLocaleString('en')} items</text>`)
    y += 26
    const bars = rows.flatMap(({ engine, items, times }) => [
      { engine, note: items === size ? '' : ` (${items.toLocaleString('en')})`, ...times.forYou! },
      ...(times.forYouIds ? [{ engine, note: ', ids only', ...times.forYouIds }] : []),
    ])
    for (const { engine, note, p50, p95 } of bars.toSorted((a, b) => a.p50 - b.p50)) {
      out.push(
        `<text x="${left - 10}" y="${y + 15}" class="name">${names[engine]}${note}</text>`,
        `<rect x="${left}" y="${y + 2}" width="${scale(p50).toFixed(1)}" height="${bar - 6}" rx="2" class="${engine === 'nigh' ? 'own' : 'bar'}"/>`,
        `<line x1="${(left + scale(p50)).toFixed(1)}" x2="${(left + scale(p95)).toFixed(1)}" y1="${y + 10}" y2="${y + 10}" class="late"/>`,
        `<text x="${(left + scale(p95) + 8).toFixed(1)}" y="${y + 15}" class="value">${p50.toPrecision(2)} ms</text>`,
      )
      y += bar
    }
    y += 14
  }
  const lines: string[] = []
  for (let ms = low; ms <= high; ms *= 10) {
    const x = (left + scale(ms)).toFixed(1)
    lines.push(`<line x1="${x}" x2="${x}" y1="44" y2="${y}" class="grid"/>`, `<text x="${x}" y="${y + 16}" class="tick">${Number(ms.toPrecision(1))}</text>`)
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 40}" width="${width}" height="${y + 40}" role="img" aria-labelledby="t">
<title id="t">Milliseconds to a list of 20 for a reader with a history of 50 items, in a browser</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px } .head { font-weight: 600 } .name { text-anchor: end } .tick { text-anchor: middle } .tick, .value { fill: #57606a }
.bar { fill: #9aa4af } .own { fill: #0b7a5b } .late { stroke: #57606a; stroke-width: 1.5 } .grid { stroke: #d8dee4 }
.page { fill: #fff }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .tick, .value { fill: #9aa4af } .bar { fill: #57606a } .own { fill: #2fb58c } .late { stroke: #9aa4af } .grid { stroke: #30363d } .page { fill: #0d1117 } }
</style>
<rect width="100%" height="100%" class="page"/>
<text x="16" y="26" class="title">A list of 20 by a history of 50 items, in the browser</text>
${lines.join('\n')}
${out.join('\n')}
<text x="${left}" y="${y + 33}" class="tick" style="text-anchor:start">milliseconds, p50 and p95, logarithmic</text>
</svg>
`
}
