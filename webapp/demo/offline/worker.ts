// The demo without a network: a service worker that keeps what the page is made of, so that any of its addresses opens
// with the server gone. What the page shows then, the SDK has in IndexedDB; nothing of that is kept here.
//
// What it keeps is one version: scripts, style, fonts and module as they were built, and the shell, which is the page
// without content (server/offline.go). It keeps no page that was made for a question, no answer of /v1/, and asks no other
// host. Pages come from the network first, so that nobody is shown an old one; only where none comes does the shell.
//
// Another build is another version with a cache of its own. It waits until no page of the old one is open, and only then
// takes the old cache away: an open page finds all that it is made of, whatever the server has become meanwhile.
//
// It is our own, not Workbox's: three rules are 80 lines here, and workbox-precaching, -routing and -strategies bring
// 20 kB for them, with a manifest of revisions beside the hashes that the names have already.

export {}
declare const self: ServiceWorkerGlobalScope

/** Of this build: names with a hash, and beside them those without one, by the hash of what they hold (scripts/build.mjs). */
declare const HASHED: string[]
declare const PLAIN: Record<string, string>
/** Of all that is kept, the shell included; the server writes it in front of this file. */
declare const VERSION: string

const prefix = 'nigh-demo '
const kept = prefix + VERSION
const shell = `/shell/${VERSION}` // the server gives it only while it is of this version
const files = new Set([...HASHED, ...Object.keys(PLAIN)])

/** How long a page may take to come before the shell stands in for it, in milliseconds: a dead line does not refuse. */
const patience = 3000

self.addEventListener('install', (event) => event.waitUntil(keep()))

async function keep(): Promise<void> {
  const cache = await caches.open(kept)
  // The page that is open has just had the hashed ones: the browser's own cache gives them again.
  await Promise.all([
    cache.addAll(HASHED),
    cache.addAll([shell, ...Object.keys(PLAIN)].map((address) => new Request(address, { cache: 'reload' }))),
  ])
}

self.addEventListener('activate', (event) => event.waitUntil(begin()))

async function begin(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== kept)
  await Promise.all(old.map((name) => caches.delete(name)))
  // A page is asked for while this worker starts.
  await (self.registration as Partial<ServiceWorkerRegistration>).navigationPreload?.enable()
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin) return
  if (request.mode !== 'navigate') {
    if (files.has(pathname)) event.respondWith(file(request))
  } else if (pathname === '/' || pathname.startsWith('/works/')) {
    event.respondWith(page(event))
  }
})

async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: kept, ignoreVary: true })) ?? fetch(request)
}

async function page(event: FetchEvent): Promise<Response> {
  const network = (event.preloadResponse as Promise<Response | undefined>).then((response) => response ?? fetch(event.request))
  const offline = await caches.match(shell, { cacheName: kept, ignoreVary: true })
  if (!offline) return network // the browser took the cache away
  const response = await Promise.race([network, late()]).catch(() => null)
  // 502 to 504: a proxy that finds nobody behind it.
  if (!response || (response.status >= 502 && response.status <= 504)) {
    network.catch(() => {}) // may yet fail, unheard
    return offline
  }
  event.waitUntil(giveWay())
  return response
}

const late = () => new Promise<null>((resolve) => setTimeout(() => resolve(null), patience))

/** A page has come from the network: if no other one is open, a newer version need not wait for the last tab to close. */
async function giveWay(): Promise<void> {
  const { waiting } = self.registration
  if (waiting && (await self.clients.matchAll({ type: 'window', includeUncontrolled: true })).length <= 1) waiting.postMessage('take over')
}

self.addEventListener('message', (event) => {
  if (event.data === 'take over') void self.skipWaiting()
})
