// Where the worker comes from in the npm package, whose worker.js lies beside this file. Written as bundlers look for it.

/** Starts the worker. ConnectOptions.worker is for bundlers that do not know this form. */
export function spawn(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'nigh' })
}
