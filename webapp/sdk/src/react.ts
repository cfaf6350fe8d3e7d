// @nigh/client/react: a standing question as a hook.
//
//   const nigh = useClient({ url: 'https://recommend.example.org', user: 'reader-7' })
//   const { items } = useRecommendations(nigh, { limit: 12 })

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { connect, type Client } from './client.ts'
import type { RecommendationsEvent } from './events.ts'
import type { ListedItem } from './module.ts'
import type { ConnectOptions, Subject } from './options.ts'

export interface Recommendations {
  items: readonly ListedItem[]
  /** Who gave the list; null before the first. */
  source: 'local' | 'server' | null
  /** For a wish's `after`; '' at the end. */
  next: string
  /** The whole last answer; null before the first. */
  last: RecommendationsEvent | null
}

const none: Recommendations = { items: [], source: null, next: '', last: null }

/** A connection that lasts as long as the component; null before it is mounted, and so on a server. */
export function useClient(options: ConnectOptions): Client | null {
  const [client, setClient] = useState<Client | null>(null)
  const { user, privacy } = options
  const url = String(options.url)
  useEffect(() => {
    const opened = connect(options)
    setClient(opened)
    return () => {
      setClient(null)
      opened.close()
    }
    // Another object that says the same is no reason to connect again.
  }, [url, user, privacy])
  return client
}

/**
 * "For you", or what is like an item ({similar: id}), as long as the component is mounted; empty before the first answer,
 * without a client, and on a server.
 */
export function useRecommendations(client: Client | null, subject: Subject = {}): Recommendations {
  const key = JSON.stringify(subject)
  // A cell for each client and question: what an earlier one answered is not shown for the next.
  const cell = useMemo(() => ({ now: none, subject }), [client, key])
  const subscribe = useCallback(
    (changed: () => void) =>
      client?.subscribe(cell.subject, (event) => {
        cell.now = { items: event.items, source: event.source, next: event.next, last: event }
        changed()
      }) ?? (() => {}),
    [client, cell],
  )
  return useSyncExternalStore(subscribe, () => cell.now, () => none)
}
