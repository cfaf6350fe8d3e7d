// @nigh/elements/define: registers the elements by their usual names. On a server, where there is no registry, nothing.

import { NighFeed, NighSimilar } from './feed.ts'
import { NighStatus } from './status.ts'
import { NighWhy } from './why.ts'

const registry = globalThis.customElements as CustomElementRegistry | undefined
for (const [name, element] of [['nigh-why', NighWhy], ['nigh-feed', NighFeed], ['nigh-similar', NighSimilar], ['nigh-status', NighStatus]] as const) {
  if (registry && !registry.get(name)) registry.define(name, element)
}

declare global {
  interface HTMLElementTagNameMap {
    'nigh-feed': NighFeed
    'nigh-similar': NighSimilar
    'nigh-status': NighStatus
    'nigh-why': NighWhy
  }
}
