// Brings a list of elements to a new order without a jump: what stays slides from where it was to where it is, what is
// new fades in, the keyboard's focus stays with its work or goes to the one that took its place.

export interface Entry {
  id: string
  /** Fills a new element, or one that stays. */
  fill(element: HTMLElement): void
}

// What a style sheet says about movement holds for scripted movement too.
const still = matchMedia('(prefers-reduced-motion: reduce)')

/** Returns the ids that were not in the list before. */
export function update(list: HTMLElement, template: HTMLTemplateElement, entries: Entry[]): string[] {
  const old = new Map<string, HTMLElement>()
  const before = new Map<HTMLElement, DOMRect>()
  for (const element of [...list.children] as HTMLElement[]) {
    const id = element.dataset['id']
    if (id === undefined || old.has(id)) {
      element.remove()
      continue
    }
    old.set(id, element)
  }
  const same = entries.length === old.size && entries.every((entry, i) => (list.children[i] as HTMLElement).dataset['id'] === entry.id)
  if (same) {
    for (const entry of entries) entry.fill(old.get(entry.id)!)
    return []
  }
  for (const element of old.values()) before.set(element, element.getBoundingClientRect())
  const restoreFocus = rememberFocus(list)

  const added: string[] = []
  let place: Element | null = list.firstElementChild
  for (const entry of entries) {
    let element = old.get(entry.id)
    if (element) {
      old.delete(entry.id)
    } else {
      element = (template.content.firstElementChild as HTMLElement).cloneNode(true) as HTMLElement
      added.push(entry.id)
    }
    entry.fill(element)
    if (element === place) place = place.nextElementSibling
    else list.insertBefore(element, place)
  }
  for (const element of old.values()) element.remove()
  restoreFocus()
  if (!still.matches) animate(list, before)
  return added
}

function animate(list: HTMLElement, before: Map<HTMLElement, DOMRect>): void {
  for (const element of [...list.children] as HTMLElement[]) {
    const from = before.get(element)
    const to = element.getBoundingClientRect()
    if (!from) {
      element.animate({ opacity: [0, 1] }, { duration: 260, easing: 'ease-out' })
    } else if (from.x !== to.x || from.y !== to.y) {
      const move = `translate(${from.x - to.x}px, ${from.y - to.y}px)`
      element.animate({ transform: [move, 'none'] }, { duration: 320, easing: 'cubic-bezier(0.2, 0.7, 0.2, 1)' })
    }
  }
}

function rememberFocus(list: HTMLElement): () => void {
  const focused = document.activeElement as HTMLElement | null
  const holder = focused?.closest<HTMLElement>('[data-id]')
  if (!focused || !holder || holder.parentElement !== list) return () => {}
  const index = [...list.children].indexOf(holder)
  const control = ['like', 'dismiss', 'undo'].find((name) => focused.classList.contains(name))
  return () => {
    const next = holder.isConnected ? holder : list.children[Math.min(index, list.children.length - 1)]
    next?.querySelector<HTMLElement>(control ? `.${control}` : 'a')?.focus({ preventScroll: true })
  }
}
