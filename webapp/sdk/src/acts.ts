// What the reader did in this page, so that it can be taken back.
//
// The protocol has a "forget" for an item and a weight of 0 for a wish, and no past: a history holds one visit of an
// item. So to take back
//   - a wish is to give it the weight that it had, exactly;
//   - the first act on an item is to forget the item: the profile is as it was, exactly;
//   - a later act (a like of what was viewed) is to forget the item and to do the act before it again: what is said of
//     the item is as it was, its place in time is now. If that act was not this page's, the kind that says about as much.
// What others were taught by the act stays learnt.

import type { ReaderProfile } from './module.ts'
import type { PreferenceKind } from './protocol.ts'

export type Act =
  | { type: 'record'; kind: string; item: string; value: number }
  | { type: 'prefer'; kind: PreferenceKind; key: string; weight: number }

type Done = Act & { before: number | null } // the item's strength or the wish's weight before it; null: there was none

// Older acts can no longer be taken back.
const most = 200

export class Acts {
  #done: Done[] = []

  note(act: Act, profile: ReaderProfile | null): void {
    if (act.type === 'record' && act.kind === 'shown') return // what was in view is nothing that the reader did
    const before =
      act.type === 'record'
        ? profile?.history.find((visit) => visit.item === act.item)?.strength
        : (this.#last(act)?.weight ?? profile?.preferences.find((p) => p.kind === act.kind && p.key === act.key)?.weight)
    this.#done.push({ ...act, before: before ?? null })
    if (this.#done.length > most) this.#done.shift()
  }

  /** Takes back the last act, or the last on an item; returns what is to be done for that, nothing if there is none. */
  undo(item?: string): Act[] {
    const at = this.#done.findLastIndex((done) => item === undefined || (done.type === 'record' && done.item === item))
    const [done] = at < 0 ? [] : this.#done.splice(at, 1)
    if (!done) return []
    if (done.type === 'prefer') return [{ type: 'prefer', kind: done.kind, key: done.key, weight: done.before ?? 0 }]
    const forget: Act = { type: 'record', kind: 'forget', item: done.item, value: 0 }
    const earlier = this.#done.findLast((act) => act.type === 'record' && act.item === done.item)
    if (earlier?.type === 'record') {
      return earlier.kind === 'forget' ? [forget] : [forget, { type: 'record', kind: earlier.kind, item: done.item, value: earlier.value }]
    }
    return done.before === null ? [forget] : [forget, { type: 'record', kind: kindOf(done.before), item: done.item, value: 0 }]
  }

  #last(act: Act & { type: 'prefer' }) {
    const found = this.#done.findLast((done) => done.type === 'prefer' && done.kind === act.kind && done.key === act.key)
    return found?.type === 'prefer' ? found : undefined
  }
}

/** The kind of the default policy that says about as much as a strength. */
function kindOf(strength: number): string {
  if (strength <= -2) return 'dislike'
  if (strength < 0) return 'dismiss'
  return strength >= 2 ? 'like' : 'view'
}
