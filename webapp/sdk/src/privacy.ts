// What the browser's user has said of being followed.

import type { Privacy } from './protocol.ts'

/** `gpc`: Global Privacy Control. `dnt`: Do Not Track. */
export type Signal = 'gpc' | 'dnt'

/** `device` if the browser sends one of the signals. Without a navigator (on a server) there is none. */
export function defaultPrivacy(respect: Signal[] = ['gpc', 'dnt']): Privacy {
  const said = globalThis.navigator as { globalPrivacyControl?: boolean; doNotTrack?: string | null } | undefined
  const wanted = { gpc: said?.globalPrivacyControl === true, dnt: said?.doNotTrack === '1' }
  return respect.some((signal) => wanted[signal]) ? 'device' : 'server'
}
