// Renders pages in plain Node: importing the package and rendering with it must not touch a browser. Prints what came.
// The frameworks come first: they ask by themselves whether there is a window.
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { createSSRApp, h } from 'vue'
import * as server from 'vue/server-renderer'

for (const name of ['window', 'document', 'location', 'Worker', 'localStorage', 'HTMLElement', 'customElements']) {
  Object.defineProperty(globalThis, name, { configurable: true, get: () => { throw new Error(`${name} was touched`) } })
}
// Asking whether there is one is no touch: these are simply not there in Node.
for (const name of ['HTMLElement', 'customElements']) Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true })

const { connect, Client } = await import('@nigh/client')
const { useClient, useRecommendations } = await import('@nigh/client/react')
const vue = await import('@nigh/client/vue')
await import('@nigh/elements')
await import('@nigh/elements/define')

const options = { url: 'https://recommend.invalid', user: 'u' }
const react = renderToString(createElement(() => {
  const { items, source } = useRecommendations(useClient(options))
  return createElement('p', null, `${items.length} ${source}`)
}))
const app = createSSRApp({
  setup() {
    const { items, source } = vue.useRecommendations(vue.useClient(options))
    return () => h('p', `${items.value.length} ${source.value}`)
  },
})
console.log(JSON.stringify({ react, vue: await server.renderToString(app), types: [typeof connect, typeof Client] }))
