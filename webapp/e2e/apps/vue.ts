// A small Vue app: the list follows likes, and another question.
import { createApp, defineComponent, h, ref } from 'vue'
import { useClient, useRecommendations } from '@nigh/client/vue'

const query = new URLSearchParams(location.search)
const options = { url: query.get('server')!, user: query.get('user')! }

const App = defineComponent(() => {
  const nigh = useClient(options)
  const similar = ref<string>()
  const { items, source } = useRecommendations(nigh, () => (similar.value === undefined ? { limit: 5 } : { limit: 5, similar: similar.value }))
  return () => h('main', [
    h('ol', { id: 'list', 'data-source': source.value ?? '' }, items.value.map((item) => h('li', { key: item.id, id: item.id }, item.card.title))),
    h('button', { id: 'like', onClick: () => items.value[0] && nigh.value?.record('like', items.value[0].id) }, 'Like the first'),
    h('button', { id: 'undo', onClick: () => nigh.value?.undo() }, 'Undo'),
    h('button', { id: 'similar', onClick: () => (similar.value = 'moby-dick') }, 'More like Moby-Dick'),
  ])
})

createApp(App).mount('#app')
