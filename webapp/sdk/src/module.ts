// What nigh.wasm puts on globalThis when it has started: the replica (core/replica) behind plain calls. The worker owns
// socket, timers and storage; the module decides everything else and answers every call with the effects to carry out,
// in order. Times are Unix milliseconds. wasm/main_js.go is the other end of this page; they must agree.

export interface NighModule {
  readonly wire: number // version of the wire format
  open(config: ModuleConfig): Replica
}

export interface ModuleConfig {
  client: string // another one each time; the stored one wins
  user: string
  token: string
  seed: number // any number of this start of the worker; spreads reconnections in time
  renews: boolean // a token will come, also the first (see the effect token)
  budget: number // bytes of the catalog's data that may be held; 0: all of it
  stores: boolean // store effects are carried out
  private: boolean // nothing about the reader leaves the module
  inflates: boolean // deflated frames are inflated before they come to frame; without it the server sends none
}

export interface Replica {
  /** What store effects left of an earlier life, before anything else. */
  restore(keys: string[], values: Uint8Array[], now: number): Effect[]
  /** This browser's reader was anonymous under these ids; what moved here of their storage, values beside keys. */
  merge(clients: string[], keys: string[], values: Uint8Array[], now: number): Effect[]
  /** Nothing is stored any more. */
  storeLost(now: number): Effect[]
  /** Asks for an exported effect, a profile before it. */
  export(now: number): Effect[]
  start(now: number): Effect[]
  /** The network seems to be back: do not wait for the next try. */
  online(now: number): Effect[]
  /** The socket is open. */
  opened(now: number): Effect[]
  /** A binary frame came; size is how many bytes it took on its way. */
  frame(bytes: Uint8Array, size: number, now: number): Effect[]
  /** The socket closed (or could not be opened): code as in CloseEvent. */
  closed(code: number, now: number): Effect[]
  /** A time asked for by a wake effect has come. */
  tick(now: number): Effect[]
  /** The reader did something, said as the number-th of a tab: what is said twice is taken once. kind as in the policy ("view", "like", "dislike", "dismiss", "forget"…). more: another one follows at once, and is sent with it. */
  record(kind: string, item: string, value: number, tab: string, number: number, more: boolean, now: number): Effect[]
  /** A standing wish; weight 0 takes it back. */
  prefer(kind: 'text' | 'tag' | 'category' | 'author' | 'item', key: string, weight: number, tab: string, number: number, now: number): Effect[]
  /** A standing question: answered now if there is a catalog, and again whenever the answer changes. */
  ask(question: Question, now: number): Effect[]
  /** Ends a standing question. */
  drop(name: string, now: number): Effect[]
  /** A fresh token of the same reader. */
  token(token: string, now: number): Effect[]
}

export interface Question extends Labels {
  name: string // chosen by the caller; a second ask of the same name replaces the first
  similar?: string // an item's id: "more like this"; absent: "for you"
  limit?: number // 1 to 200; 20 if absent
  exclude?: string[]
  // What may be in the list: of each part given here (inherited), one; besides
  any?: Labels // at least one of all these
  all?: Labels // every one of these
  not?: Labels // none of these
  since?: number // published then or later, Unix milliseconds; to the hour
  until?: number // published before then
  after?: string // a List's next: the page behind it
  bare?: boolean // items are told without reasons and card, and there is no about
}

/** What items have. */
export interface Labels {
  categories?: string[]
  tags?: string[]
  authors?: string[]
  attributes?: Record<string, string[]>
}

export type Effect =
  | { type: 'connect' } // open the socket now
  | { type: 'send'; bytes: Uint8Array }
  | { type: 'close'; code: number; reason: string } // close the socket
  | { type: 'wake'; at: number } // call tick at this time; replaces an earlier wake
  | StoreEffect
  | { type: 'recorded'; tab: string; number: number; fault: string } // a record or prefer is taken, or refused
  | { type: 'exported'; json: string } // an Exported as JSON
  | { type: 'token' } // a fresh token is needed: the one held ends soon, or has ended
  | { type: 'merged'; client: string } // all that was done under this id is the reader's now
  | { type: 'list'; json: string } // a List as JSON
  | { type: 'status'; json: string } // a Status as JSON, whenever it changed
  | { type: 'profile'; json: string } // a ReaderProfile as JSON, whenever it changed

/**
 * One transaction: first every key that begins with one of clear goes, then deletes, then keys are put. Effects of the
 * types send and recorded wait until every store effect before them is done; others need not.
 */
export interface StoreEffect {
  type: 'store'
  clear: string[]
  deletes: string[]
  keys: string[]
  values: Uint8Array[] // beside keys
  durable: boolean // on the disk when it is done
}

/** What is kept of the reader beside the profile: ops that wait for the server, or all of them in private mode. */
export interface Exported {
  client: string
  ops: ({ at: number; kind: string; item: string; valueMilli: number } | { at: number; prefer: string; key: string; weight: number })[]
}

export interface List {
  question: string // its name
  source: 'local' | 'server'
  items: Told[]
  version: Version
  /** Server lists only: true if the local list for the very same state is equal, false if not, null if not comparable. */
  agrees: boolean | null
  /** For a question's after: what comes behind this page; '' if nothing does. */
  next: string
  /** "More like this": the card of the item that it is about, if this device holds it. */
  about?: Card
}

/** An item as a list tells it; of a bare question it has neither reasons nor card. */
export type Told = Pick<ListedItem, 'id' | 'score'> & Partial<ListedItem>

export interface ListedItem {
  id: string
  score: number // 1.0 is a certain edge, a perfect match of text
  reasons: Reason[]
  card: Card
}

export interface Reason {
  kind: 'item' | 'term' | 'tag' | 'category' | 'author' | 'popular' | 'pinned' | 'boosted' | 'new' // pinned and new have no score
  value: string // id of the item, or the reader's own word or label
  title: string // of the item, for kind 'item'
  score: number
}

export interface Card {
  title: string
  summary: string
  url: string // '' or http, https or relative
  image: string
  author: string
  tags: string[]
  categories: string[]
  attributes: Record<string, string>
}

export interface Version {
  epoch: number
  seq: number
  learned: number // revision of the learned weights
  op: number // last op of this browser that the list knows of
  policy: number
  hour: number
}

export interface Status {
  state: 'offline' | 'connecting' | 'syncing' | 'live'
  items: number // held
  allItems: number // of the server's catalog, as far as known
  shelves: number // parts of the catalog that are held, each with a checksum that holds
  allShelves: number
  bytes: number // of the catalog's data that is held or on its way; at most the budget
  epoch: number
  seq: number
  pending: number // ops that the server has not acknowledged
  sent: number // ops sent and not acknowledged
  bytesIn: number
  bytesOut: number
  agreed: number // server lists found equal to the local one
  differed: number // and not
  error: string // last thing the server refused, '' if none
}

export interface ReaderProfile {
  history: { item: string; strength: number; at: number }[] // most recent first; strength 1 is a view, negative a dislike
  preferences: { kind: string; key: string; weight: number }[]
}
