// Draws the icons that demo/public/manifest.webmanifest names, from icon.svg: CHROME_BIN=… node scripts/icons.mjs. They
// are kept in the tree; run it again when the drawing changes.

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'demo/public')
const svg = readFileSync(join(folder, 'icon.svg'), 'utf8')
// A mask may take all but a circle of 80 %: the ground fills the square, and the drawing keeps to the middle.
const ground = /fill="(#[0-9a-f]+)"/.exec(svg)[1]
const maskable = svg.replace(/<rect[^>]*\/>/, `<rect width="32" height="32" fill="${ground}"/><g transform="translate(16 16) scale(0.8) translate(-16.5 -15.6)">`).replace('</svg>', '</g></svg>')

const browser = await chromium.launch({ executablePath: process.env.CHROME_BIN, args: ['--no-sandbox'] })
for (const [name, size, drawing] of [['icon-192', 192, svg], ['icon-512', 512, svg], ['icon-maskable-512', 512, maskable], ['icon-apple-180', 180, maskable]]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${drawing}`)
  writeFileSync(join(folder, `${name}.png`), await page.screenshot({ omitBackground: true }))
}
await browser.close()
