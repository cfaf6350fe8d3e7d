// @nigh/client/vue: a standing question as a composable.
//
//   const nigh = useClient({ url: 'https://recommend.example.org', user: 'reader-7' })
//   const { items } = useRecommendations(nigh, () => ({ limit: 12, tags: [tag.value] }))

import { computed, onMounted, onScopeDispose, shallowRef, toValue, watch, type ComputedRef, type MaybeRefOrGetter, type ShallowRef } from 'vue'
import { connect, type Client } from './client.ts'
import type { RecommendationsEvent } from './events.ts'
import type { ListedItem } from './module.ts'
import type { ConnectOptions, Subject } from './options.ts'

export interface Recommendations {
  items: ComputedRef<readonly ListedItem[]>
  /** Who gave the list; null before the first. */
  source: ComputedRef<'local' | 'server' | null>
  /** For a wish's `after`; '' at the end. */
  next: ComputedRef<string>
  /** The whole last answer; null before the first. */
  last: ShallowRef<RecommendationsEvent | null>
}

/** A connection that lasts as long as the component; null before it is mounted, and so on a server. */
export function useClient(options: ConnectOptions): ShallowRef<Client | null> {
  const client = shallowRef<Client | null>(null)
  let over = false
  onMounted(() => {
    if (!over) client.value = connect(options)
  })
  onScopeDispose(() => {
    over = true
    client.value?.close()
    client.value = null
  })
  return client
}

/**
 * "For you", or what is like an item ({similar: id}), as long as the component is mounted; empty before the first answer,
 * without a client, and on a server. A new client or another question asks again.
 */
export function useRecommendations(client: MaybeRefOrGetter<Client | null>, subject: MaybeRefOrGetter<Subject> = {}): Recommendations {
  const last = shallowRef<RecommendationsEvent | null>(null)
  let stop = () => {}
  onMounted(() => {
    // As text: another object that says the same is no other question.
    watch(
      [() => toValue(client), () => JSON.stringify(toValue(subject))] as const,
      ([now]) => {
        stop()
        last.value = null
        stop = now?.subscribe(toValue(subject), (event) => (last.value = event)) ?? (() => {})
      },
      { immediate: true },
    )
  })
  onScopeDispose(() => stop())
  return {
    items: computed(() => last.value?.items ?? []),
    source: computed(() => last.value?.source ?? null),
    next: computed(() => last.value?.next ?? ''),
    last,
  }
}
