// A small app with the elements of the npm package.
import '@nigh/elements/define'

const query = new URLSearchParams(location.search)
const feed = Object.assign(document.createElement('nigh-feed'), { id: 'feed' })
feed.setAttribute('server', query.get('server')!)
feed.setAttribute('user', query.get('user')!)
feed.setAttribute('limit', '5')
document.querySelector('#app')!.append(feed)
