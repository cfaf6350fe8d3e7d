// @nigh/elements: the classes. Nothing is registered here: see define.ts.

export { NighFeed, NighSimilar } from './feed.ts'
export { NighList, type ListDetail, type SelectDetail } from './list.ts'
export { NighElement } from './element.ts'
export { NighStatus } from './status.ts'
export { NighWhy } from './why.ts'
export { setServer } from './clients.ts'
export { setWords, type Words } from './words.ts'
