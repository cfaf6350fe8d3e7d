// A small app without a framework, as a stranger would write it with the npm package.
import { connect } from '@nigh/client'

const query = new URLSearchParams(location.search)
const nigh = connect({ url: query.get('server')!, user: query.get('user')! })
const list = document.querySelector('#list')!
nigh.subscribe({ limit: 5 }, (event) => {
  list.setAttribute('data-source', event.source)
  list.replaceChildren(...event.items.map((item) => Object.assign(document.createElement('li'), { id: item.id, textContent: item.card.title })))
})
document.querySelector('#like')!.addEventListener('click', () => nigh.record('like', list.firstElementChild!.id))
document.querySelector('#undo')!.addEventListener('click', () => nigh.undo())
nigh.addEventListener('status', (event) => document.body.setAttribute('data-connection', event.connection))
nigh.addEventListener('status', () => document.body.setAttribute('data-mode', nigh.mode))
