// @nigh/client: recommendations that answer a click at once, online or offline.
//
//   const nigh = connect({ url: 'https://recommend.example.org', user: 'reader-7' })
//   const forYou = nigh.recommend({ limit: 12 })
//   forYou.addEventListener('recommendations', (e) => show(e.items, e.source))
//   nigh.record('like', 'moby-dick') // the list changes now (source 'local'); the server's answer follows
//
// Read first: client.ts (what a page calls), options.ts and events.ts (what it gives and gets), host.ts (what the worker does), module.ts (what the module promises);
// backend.ts and server_only.ts for browsers that cannot run it. react.ts and vue.ts are thin adapters.

export { connect, Client, Standing } from './client.ts'
export { FailureEvent, MergedEvent, ProfileEvent, RecommendationsEvent, StatusEvent, StorageStateEvent, type Connection, type Timings } from './events.ts'
export type { Mode } from './backend.ts'
export type { Card, Exported, Labels, ListedItem, Reason, ReaderProfile, Status, Version } from './module.ts'
export type { ConnectOptions, Preference, Subject, Time, Wish } from './options.ts'
export type { Signal } from './privacy.ts'
export type { ErrorCode, PreferenceKind, Privacy } from './protocol.ts'
export type { StorageReason } from './storage.ts'
