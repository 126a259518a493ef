import { element, iconButton, icons, setAttributes } from './dom.ts';
import type { Words } from './words.ts';

export type View = 'table' | 'chart';

export interface ToolbarPorts {
  readonly words: Words;
  view(view: View): void;
  filter(text: string): void;
  filterColumns(shown: boolean): void;
  copy(format: 'csv' | 'markdown'): void;
}

/** Which view, which rows, and copying them. */
export function toolbar({ words, view, filter, filterColumns, copy }: ToolbarPorts): HTMLElement {
  const views = (['table', 'chart'] as const).map((name) => toggle(words[name], name === 'table', () => choose(name)));
  const choose = (name: View): void => {
    for (const [index, button] of views.entries())
      setAttributes(button, { 'aria-pressed': String((index === 1) === (name === 'chart')) });
    setAttributes(columns, { disabled: name === 'chart' });
    view(name);
  };
  const search = element('input', {
    type: 'text',
    class: 'search',
    placeholder: words.filter,
    'aria-label': words.filter,
    spellcheck: 'false',
  });
  search.addEventListener('input', () => filter(search.value));
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || search.value === '') return;
    event.preventDefault();
    search.value = '';
    filter('');
  });
  const columns = iconButton(words.filterColumns, icons.filter);
  setAttributes(columns, { 'aria-pressed': 'false' });
  columns.addEventListener('click', () => {
    const shown = columns.getAttribute('aria-pressed') !== 'true';
    setAttributes(columns, { 'aria-pressed': String(shown) });
    filterColumns(shown);
  });
  const csv = iconButton(words.copyCsv, icons.copy, 'CSV');
  const markdown = iconButton(words.copyMarkdown, icons.copy, 'Markdown');
  csv.addEventListener('click', () => copy('csv'));
  markdown.addEventListener('click', () => copy('markdown'));
  return element(
    'div',
    { class: 'toolbar' },
    element('div', { class: 'views', role: 'group', 'aria-label': words.view }, ...views),
    search,
    columns,
    csv,
    markdown,
  );
}

function toggle(label: string, pressed: boolean, click: () => void): HTMLButtonElement {
  const button = element('button', { type: 'button', class: 'button', 'aria-pressed': String(pressed) }, label);
  button.addEventListener('click', click);
  return button;
}
