// <nigh-feed>, "for you", and <nigh-similar item="…">, "more like this".

import type { Subject } from '@nigh/client'
import { NighList } from './list.ts'
import { words } from './words.ts'

export class NighFeed extends NighList {
  protected override subject(): Subject {
    return {}
  }

  protected override name(): string {
    return words.feed
  }
}

/** Its attribute `item` is an item's id; without it nothing is shown. */
export class NighSimilar extends NighList {
  static override readonly observedAttributes = [...NighList.observedAttributes, 'item']

  protected override subject(): Subject | null {
    const similar = this.getAttribute('item')
    return similar ? { similar } : null
  }

  protected override name(): string {
    return words.similar
  }
}
