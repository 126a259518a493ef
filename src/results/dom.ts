type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Makes an element. Texts are text, whatever they hold; nothing here reads HTML. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** The same for a drawing. */
export function drawing<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

/** Sets attributes; one that is undefined or false is taken away. */
export function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) target.removeAttribute(name);
    else target.setAttribute(name, value === true ? '' : String(value));
  }
}

/**
 * Makes `wanted` the children of `parent`, in this order, without ever moving `fixed`: an element that moves loses the focus.
 */
export function place(parent: Element, wanted: readonly Element[], fixed?: Element): void {
  const keep = new Set(wanted);
  const stale = Array.from(parent.children).filter((child) => !keep.has(child));
  for (const child of stale) child.remove();
  let next = parent.firstChild;
  for (const child of wanted) {
    if (child === next || (child === fixed && child.parentElement === parent)) next = child.nextSibling;
    else parent.insertBefore(child, next);
  }
}

/** A button with an icon (the `d` of a path in a field of 16 by 16), and a text where `text` is given. */
export function iconButton(label: string, icon: string, text?: string): HTMLButtonElement {
  const picture = drawing(
    'svg',
    { viewBox: '0 0 16 16', 'aria-hidden': 'true', class: 'icon' },
    drawing('path', { d: icon }),
  );
  return element(
    'button',
    { type: 'button', class: text === undefined ? 'button' : 'button named', title: label, 'aria-label': label },
    picture,
    ...(text === undefined ? [] : [text]),
  );
}

export const icons = {
  copy: 'M5 2h7a2 2 0 0 1 2 2v7h-1V4a1 1 0 0 0-1-1H5V2ZM3 4h6a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H3a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Zm0 1v8h6a1 1 0 0 0 1-1V6a1 1 0 0 0-1-1H3Z',
  filter: 'M1.5 3h13v1h-13V3Zm2.5 4.5h8v1H4v-1ZM6.5 12h3v1h-3v-1Z',
  close: 'm8 7.3 4-4 .7.7-4 4 4 4-.7.7-4-4-4 4-.7-.7 4-4-4-4 .7-.7 4 4Z',
} as const;
