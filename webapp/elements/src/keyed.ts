// Brings a list of elements to a new order without a jump: what stays slides from where it was to where it is, what is
// new fades in, the keyboard's focus stays with its item or goes to the one that took its place.

export interface Entry {
  id: string
  /** Fills a new element, or one that stays. */
  fill(element: HTMLElement): void
}

export interface Keyed {
  /** An empty element for an entry; update gives it its data-id. */
  make(): HTMLElement
  /** The name of what has the focus within an element of the list; null if nothing has. */
  focused(element: HTMLElement): string | null
  /** Puts the focus on what has that name within an element. */
  focus(element: HTMLElement, name: string): void
  /** An element has left. */
  gone?(element: HTMLElement): void
}

/** What changed: ids that were not there, and the elements that are new or elsewhere. */
export interface Change {
  added: string[]
  moved: Set<Element>
}

/** Elements of the list are known by their data-id; those without one leave. */
export function update(list: HTMLElement, entries: Entry[], keyed: Keyed): Change {
  const change: Change = { added: [], moved: new Set() }
  const old = new Map<string, HTMLElement>()
  for (const element of [...list.children] as HTMLElement[]) {
    const id = element.dataset['id']
    if (id === undefined || old.has(id)) {
      element.remove()
      keyed.gone?.(element)
    } else {
      old.set(id, element)
    }
  }
  const were = [...old.values()]
  if (entries.length === were.length && entries.every((entry, i) => were[i]!.dataset['id'] === entry.id)) {
    for (const [i, entry] of entries.entries()) entry.fill(were[i]!)
    return change
  }
  slide(list, were)
  const focused = were.findIndex((element) => keyed.focused(element) !== null)
  const control = focused < 0 ? null : keyed.focused(were[focused]!)

  let place: Element | null = list.firstElementChild
  for (const [i, entry] of entries.entries()) {
    let element = old.get(entry.id)
    if (element) {
      old.delete(entry.id)
    } else {
      element = keyed.make()
      element.dataset['id'] = entry.id
      change.added.push(entry.id)
    }
    if (were[i] !== element) change.moved.add(element)
    entry.fill(element)
    if (element === place) place = place.nextElementSibling
    else move(list, element, place)
  }
  for (const element of old.values()) {
    element.remove()
    keyed.gone?.(element)
  }
  if (control !== null) {
    const stays = were[focused]!.isConnected
    const heir = stays ? were[focused]! : (list.children[Math.min(focused, list.children.length - 1)] as HTMLElement | undefined)
    if (heir && (!stays || keyed.focused(heir) === null)) keyed.focus(heir, control)
  }
  return change
}

/** moveBefore keeps focus, animations and frames where a browser has it. */
function move(list: HTMLElement, element: HTMLElement, before: Element | null): void {
  const mover = list as HTMLElement & { moveBefore?(node: Node, before: Node | null): void }
  if (mover.moveBefore && element.parentNode === list) mover.moveBefore(element, before)
  else list.insertBefore(element, before)
}

// Where elements of a list are on the screen, from a change of the list to the next frame, which slides them from there.
// Measuring what a change leads to is the layout of the page: done at once it would be done for each list that one click
// changes, 15 of the 20 ms that the demo's took, and none of it is seen before the frame.
const moving = new WeakMap<HTMLElement, Map<HTMLElement, DOMRect>>()

/** Remembers where elements are before they move, if anybody sees it. */
function slide(list: HTMLElement, elements: HTMLElement[]): void {
  if (!inSight(list) || moving.has(list)) return
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return // a style sheet's word holds for scripts too
  moving.set(list, new Map(elements.map((element) => [element, element.getBoundingClientRect()])))
  requestAnimationFrame(() => {
    animate(list, moving.get(list)!)
    moving.delete(list)
  })
}

const inView = new WeakSet<Element>()
const watched = new WeakSet<Element>()
let sight: IntersectionObserver | null = null

/** Whether a list is on the screen, as of the last frame; null if nobody asked before, for then nobody knows: it does not slide. */
export function inSight(list: Element): boolean | null {
  if (watched.has(list)) return inView.has(list)
  sight ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      watched.add(target)
      if (isIntersecting) inView.add(target)
      else inView.delete(target)
    }
  })
  sight.observe(list)
  return null
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
