// elements.js, as the server serves it: one script tag, and the elements work. They ask the server that it came from.

import { setServer } from './clients.ts'
import './define.ts'

const here = import.meta.url // by itself: with new URL around it, a bundler takes the folder for a file to bring along
setServer(new URL('./', here))

export * from './index.ts'
