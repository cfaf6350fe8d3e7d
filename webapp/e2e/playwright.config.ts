import { defineConfig } from '@playwright/test'

const browser = process.env['CHROME_BIN']
if (!browser) throw new Error('CHROME_BIN is not set; run make e2e, which finds a Chromium')

export default defineConfig({
  testDir: '.',
  outputDir: 'results',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // By hand a test that passes at the second try has failed. The continuous integration shares its machine with who knows
  // whom: there it is told as flaky, by name and with a trace of the first try, and the rest is still judged.
  retries: process.env['CI'] ? 1 : 0,
  timeout: 120_000, // of a machine that does other things too
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    headless: true,
    viewport: { width: 1280, height: 900 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: browser,
      // As root there is no sandbox; the rest keeps the browser from talking to anyone but the server under test.
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-default-apps',
        '--disable-sync',
        '--no-first-run',
        '--no-pings',
      ],
    },
  },
})
