// The Chromium of all that is measured.

/** How it is started. */
export function options() {
  const executablePath = process.env['CHROME_BIN']
  if (!executablePath) throw new Error('CHROME_BIN is not set; run make bench-browser, which finds a Chromium')
  return {
    executablePath,
    // As root there is no sandbox; ForceEagerMeasureMemory has memory told at once, not within half a minute.
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run', '--no-pings', '--enable-blink-features=ForceEagerMeasureMemory'],
  }
}
