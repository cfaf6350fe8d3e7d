const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
const socket = new WebSocket(`${scheme}://${location.host}/ws/recommendations/`) // ws://localhost:8080/ws/recommendations/
const ask = () => socket.send(JSON.stringify({ preferences: document.querySelector('#words').value, limit: 12 }))
const line = (text) => Object.assign(document.createElement('li'), { textContent: text })
socket.onopen = ask
socket.onmessage = (event) => {
  const { recommendations } = JSON.parse(event.data)
  if (recommendations) document.querySelector('#list').replaceChildren(...recommendations.map((r) => line(r.item.title)))
}
document.querySelector('form').onsubmit = (event) => (event.preventDefault(), ask())
