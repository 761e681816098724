// Elements of the page.

/** The element with this id. */
export function byId<Kind extends HTMLElement>(id: string, kind: { new (): Kind }): Kind {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`)
  return element
}

/** A new element with attributes (properties of the same name) and content. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  Object.assign(element, properties)
  element.append(...content)
  return element
}

/** A list of sentences, hidden when there are none. */
export function showNotes(list: HTMLUListElement, notes: readonly string[]): void {
  list.replaceChildren(...notes.map((note) => make('li', {}, note)))
  list.hidden = notes.length === 0
}
