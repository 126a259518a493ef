import type { Cell } from '../core/result.ts';
import { element, iconButton, icons } from './dom.ts';
import type { TypedColumn } from './rows.ts';
import { visible, visibleLines } from './visible.ts';
import type { Words } from './words.ts';

/** One value in full, under the grid. */
export interface ValueView {
  readonly element: HTMLElement;
  show(column: TypedColumn, value: Cell): void;
  hide(): void;
}

export function valueView({ words, closed }: { readonly words: Words; closed(): void }): ValueView {
  const title = element('span', { class: 'title' });
  const close = iconButton(words.close, icons.close);
  const text = element('pre', { tabindex: 0, dir: 'auto' });
  const root = element(
    'section',
    { class: 'value', hidden: true },
    element('div', { class: 'line' }, title, close),
    text,
  );

  function hide(): void {
    if (root.hidden) return;
    const held = root.contains(document.activeElement);
    root.hidden = true;
    if (held) closed();
  }

  close.addEventListener('click', hide);
  root.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') hide();
  });
  return {
    element: root,
    show({ name, type }, value) {
      title.replaceChildren(element('strong', {}, visible(name)), ` ${visible(type)}`);
      root.setAttribute('aria-label', words.value(visible(name)));
      text.textContent = value === null ? words.missing : visibleLines(String(value));
      root.hidden = false;
      text.focus({ preventScroll: true });
    },
    hide,
  };
}
