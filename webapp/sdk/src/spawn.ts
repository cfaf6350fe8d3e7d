// Where the worker comes from.

import workerUrl from './worker.ts?worker&url'

/**
 * Starts the worker that was built with this file. A worker must come from the page's own origin; where the SDK was
 * loaded from another one, a blob of the page's origin imports it (that page's CSP then needs `worker-src blob:`).
 */
export function spawn(): Worker {
  const url = new URL(workerUrl, import.meta.url)
  if (url.origin === location.origin) return new Worker(url, { type: 'module', name: 'nigh' })
  const source = new Blob([`import ${JSON.stringify(url.href)}`], { type: 'text/javascript' })
  const blob = URL.createObjectURL(source)
  const worker = new Worker(blob, { type: 'module', name: 'nigh' })
  worker.addEventListener('message', () => URL.revokeObjectURL(blob), { once: true })
  return worker
}
