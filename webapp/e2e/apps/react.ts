// A small React app: the list follows likes, and another question.
import { createElement as e, StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { useClient, useRecommendations } from '@nigh/client/react'

const query = new URLSearchParams(location.search)
const options = { url: query.get('server')!, user: query.get('user')! }

function App() {
  const nigh = useClient(options)
  const [similar, setSimilar] = useState<string | undefined>()
  const { items, source } = useRecommendations(nigh, similar === undefined ? { limit: 5 } : { limit: 5, similar })
  return e('main', null,
    e('ol', { id: 'list', 'data-source': source ?? '' }, items.map((item) => e('li', { key: item.id, id: item.id }, item.card.title))),
    e('button', { id: 'like', onClick: () => items[0] && nigh?.record('like', items[0].id) }, 'Like the first'),
    e('button', { id: 'undo', onClick: () => nigh?.undo() }, 'Undo'),
    e('button', { id: 'similar', onClick: () => setSimilar('moby-dick') }, 'More like Moby-Dick'),
  )
}

createRoot(document.querySelector('#app')!).render(e(StrictMode, null, e(App)))
