// @nigh/client: recommendations that answer a click at once, online or offline.
//
//   const nigh = connect({ url: 'https://recommend.example.org', user: 'reader-7' })
//   const forYou = nigh.recommend({ limit: 12 })
//   forYou.addEventListener('recommendations', (e) => show(e.items, e.source))
//   nigh.record('like', 'moby-dick') // the list changes now (source 'local'); the server's answer follows
//
// Read first: client.ts (what a page calls), host.ts (what the worker does), module.ts (what the module promises).

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
  type ConnectOptions,
  type ErrorCode,
  type Exported,
  type Labels,
  type ListedItem,
  type Preference,
  type PreferenceKind,
  type Privacy,
  type Reason,
  type ReaderProfile,
  type Signal,
  type Status,
  type StorageReason,
  type Time,
  type Version,
  type Wish,
} from './client.ts'
