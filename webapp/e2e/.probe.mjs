import { chromium } from '@playwright/test'
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-quic'] })
const p = await b.newPage()
p.on('console', m => console.log(m.text()))
await p.goto('http://127.0.0.1:8198/recipe')
await p.evaluate(async () => {
  const { connect } = await import('/nigh.js')
  const c = connect({ url: location.origin, user: 'probe' + Math.random() })
  const t0 = performance.now()
  const log = (...a) => console.log(Math.round(performance.now()-t0), ...a)
  c.addEventListener('status', e => log('status', JSON.stringify(e.status), e.online))
  c.addEventListener('failure', e => log('failure', e.code, e.message))
  c.addEventListener('profile', e => log('profile', e.profile.history.length))
  c.recommend({limit:5}).addEventListener('recommendations', e => log(e.source, e.agrees, 'took', e.tookMs, 'since', e.sinceMs, JSON.stringify(e.version), e.items.map(i=>i.id).join(' '), JSON.stringify(e.items[0]?.reasons)))
  globalThis.c = c
})
await p.waitForTimeout(2500)
for (const id of ['moby-dick','kim','dune']) { console.log('--- like', id); await p.evaluate((id) => c.record('like', id), id); await p.waitForTimeout(2500) }
await b.close()
