// @nigh/client: recommendations that answer a click at once, online or offline.
//
//   const nigh = connect({ url: 'https://recommend.example.org', user: 'reader-7' })
//   const forYou = nigh.recommend({ limit: 12 })
//   forYou.addEventListener('recommendations', (e) => show(e.items, e.source))
//   nigh.record('like', 'moby-dick') // the list changes now (source 'local'); the server's answer follows
//
// Read first: client.ts (what a page calls), host.ts (what the worker does), module.ts (what the module promises);
// backend.ts and server_only.ts for browsers that cannot run it. react.ts and vue.ts are thin adapters.

export {
  connect,
  Client,
  FailureEvent,
  MergedEvent,
  ProfileEvent,
  RecommendationsEvent,
  Standing,
  StatusEvent,
  StorageStateEvent,
  type Card,
  type Connection,
  type ConnectOptions,
  type ErrorCode,
  type Exported,
  type Labels,
  type ListedItem,
  type Mode,
  type Preference,
  type PreferenceKind,
  type Privacy,
  type Reason,
  type ReaderProfile,
  type Signal,
  type Status,
  type StorageReason,
  type Subject,
  type Time,
  type Timings,
  type Version,
  type Wish,
} from './client.ts'
