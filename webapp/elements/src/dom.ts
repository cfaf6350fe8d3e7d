// Small tools. Text from a catalog goes through textContent and safeUrl: it is never markup, and never a script.

type Props = { [name: string]: string | boolean | undefined }

/** An element with attributes (true: empty, false: none) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  element.append(...children)
  return element
}

/** Sets text, and leaves the document alone if it is that already. */
export function setText(element: Element | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text
}

/** Sets an attribute, and leaves the document alone if it is that already; null removes it. */
export function setAttribute(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name)
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** Sets children, and leaves the document alone if it has them already: what is put in again loses the keyboard's focus. */
export function setChildren(parent: ParentNode & Node, ...children: Node[]): void {
  if (parent.childNodes.length !== children.length || children.some((child, i) => parent.childNodes[i] !== child)) parent.replaceChildren(...children)
}

/** An address as it may stand in a link or an image: http, https or relative; null otherwise. */
export function safeUrl(url: string | undefined): string | null {
  if (!url || !URL.canParse(url, document.baseURI)) return null
  const { protocol } = new URL(url, document.baseURI)
  return protocol === 'http:' || protocol === 'https:' ? url : null
}
