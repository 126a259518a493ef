import { element, place, setAttributes } from './dom.ts';
import { bodyCell, type GridLook, headerCell } from './gridCells.ts';
import { type GridPlace, moved } from './gridKeys.ts';
import { measure } from './measure.ts';
import type { Row, Sorting, TypedColumn } from './rows.ts';
import { columnWidths } from './widths.ts';
import type { Words } from './words.ts';

/** Pixels, as in the style sheet. */
const ROW = 22;
/** Lines and pixels that are made beyond what is seen, so that scrolling finds them ready. */
const [MORE_LINES, MORE_PIXELS] = [8, 160];

export interface GridPorts {
  readonly words: Words;
  sort(column: number): void;
  filter(column: number, text: string): void;
  /** Shows one value in full. @param row index among all rows */
  open(row: number, column: number): void;
  copy(row: number, column: number): void;
}

export interface GridContent {
  readonly columns: readonly TypedColumn[];
  readonly rows: readonly Row[];
  /** Indexes of the rows that are shown, in their order. */
  readonly order: readonly number[];
  readonly sorting: Sorting | undefined;
}

/**
 * A grid (ARIA Authoring Practices Guide, "Data Grid") that makes elements for what is seen alone, however many rows and columns
 * there are. One cell at a time can be reached with Tab: the one that had the focus last, which is always there.
 */
export interface Grid {
  readonly element: HTMLElement;
  show(content: GridContent): void;
  showFilters(shown: boolean): void;
  /** Draws what is seen now; for when the grid has come into view. */
  draw(): void;
  focus(): void;
}

export function grid(ports: GridPorts): Grid {
  const head = element('div', { class: 'head', role: 'rowgroup' });
  const body = element('div', { class: 'body', role: 'rowgroup' });
  const root = element(
    'div',
    { class: 'grid', role: 'grid', 'aria-label': ports.words.results, 'aria-readonly': 'true' },
    head,
    body,
  );
  const header = row(1);
  const filters = row(2);
  const lines = new Map<number, HTMLElement>();
  const inputs = new Map<number, HTMLInputElement>();
  let content: GridContent = { columns: [], rows: [], order: [], sorting: undefined };
  let widths: readonly number[] = [];
  let lefts: readonly number[] = [];
  let filtersShown = false;
  let active: GridPlace = { line: 0, column: 0 };
  let drawing = 0;
  /** The columns that the lines have cells of. */
  let drawn = '';
  /** The same of the header, with what it says of sorting. */
  let drawnHead = '';

  const headLines = (): number => (filtersShown ? 2 : 1);
  const seenHeight = (): number => Math.max(ROW, root.clientHeight - head.offsetHeight);

  function show(next: GridContent): void {
    if (next.columns !== content.columns || content.rows.length === 0) {
      widths = columnWidths(next.columns, next.rows, measure());
      lefts = widths.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width, 0));
      place(header, []);
      place(filters, []);
      inputs.clear();
      drawnHead = '';
    }
    const held = root.contains(document.activeElement);
    content = next;
    place(body, []);
    lines.clear();
    const { order, columns } = content;
    const total = widths.reduce((sum, width) => sum + width, 0);
    for (const part of [head, body]) part.style.width = `max(100%, ${total}px)`;
    body.style.height = `${order.length * ROW}px`;
    active = {
      line: Math.min(active.line, headLines() + order.length - 1),
      column: Math.max(0, Math.min(active.column, columns.length - 1)),
    };
    setAttributes(root, { 'aria-rowcount': order.length + headLines(), 'aria-colcount': columns.length });
    draw();
    if (held) cellAt(active)?.focus({ preventScroll: true });
  }

  function range(): { readonly rows: readonly number[]; readonly columns: readonly number[] } {
    const { order, columns } = content;
    const first = Math.max(0, Math.floor(root.scrollTop / ROW) - MORE_LINES);
    const last = Math.min(order.length, Math.ceil((root.scrollTop + seenHeight()) / ROW) + MORE_LINES);
    const rows = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
    const left = root.scrollLeft - MORE_PIXELS;
    const right = root.scrollLeft + root.clientWidth + MORE_PIXELS;
    const seen = columns.flatMap((_, index) => {
      const from = lefts[index] ?? 0;
      return index === active.column || (from < right && from + (widths[index] ?? 0) > left) ? [index] : [];
    });
    const activeRow = active.line - headLines();
    const alone = activeRow >= 0 && activeRow < order.length && (activeRow < first || activeRow >= last);
    return { rows: alone ? [...rows, activeRow].sort((one, other) => one - other) : rows, columns: seen };
  }

  function draw(): void {
    drawing = 0;
    const { rows, columns } = range();
    const now = columns.join();
    const { column, direction } = content.sorting ?? {};
    const nowHead = `${now} ${column} ${direction} ${filtersShown}`;
    if (nowHead !== drawnHead) drawHeader(columns);
    drawnHead = nowHead;
    for (const index of lines.keys()) if (!rows.includes(index)) lines.delete(index);
    for (const index of rows) if (!lines.has(index) || now !== drawn) drawLine(index, columns);
    drawn = now;
    place(
      body,
      rows.flatMap((index) => lines.get(index) ?? []),
      lines.get(active.line - headLines()),
    );
    markActive();
  }

  function drawHeader(columns: readonly number[]): void {
    place(head, filtersShown ? [header, filters] : [header]);
    const known = cellsOf(header);
    const cells = columns.map((index) => known.get(index) ?? headerCell(look(index)));
    const sorted = content.sorting;
    for (const cell of cells) {
      setAttributes(cell, { 'aria-sort': sorted && indexOf(cell) === sorted.column ? sorted.direction : 'none' });
    }
    place(header, cells, known.get(active.column));
    if (!filtersShown) return;
    const fields = cellsOf(filters);
    place(
      filters,
      columns.map((index) => fields.get(index) ?? filterCell(index)),
      fields.get(active.column),
    );
  }

  /** Lines are made anew: to fill those that went out of sight again costs the browser more. */
  function drawLine(index: number, columns: readonly number[]): void {
    const line = lines.get(index) ?? row(index + headLines() + 1);
    lines.set(index, line);
    line.style.top = `${index * ROW}px`;
    const values = content.rows[content.order[index] ?? 0] ?? [];
    const known = cellsOf(line);
    const cells = columns.map((column) => known.get(column) ?? bodyCell(look(column), values[column] ?? null));
    place(line, cells, known.get(active.column));
  }

  function look(index: number): GridLook {
    const column = content.columns[index] ?? { name: '', type: '', kind: 'text' };
    return { index, column, left: lefts[index] ?? 0, width: widths[index] ?? 0, words: ports.words };
  }

  function filterCell(index: number): HTMLElement {
    const { column, left, width } = look(index);
    const label = ports.words.filterOf(column.name);
    const made = element('input', {
      type: 'text',
      'aria-label': label,
      tabindex: -1,
      title: ports.words.filterHint,
      spellcheck: 'false',
    });
    const input = inputs.get(index) ?? made;
    if (input === made) input.addEventListener('input', () => ports.filter(index, input.value));
    inputs.set(index, input);
    const cell = element('div', { class: 'cell', role: 'gridcell', 'aria-colindex': index + 1 }, input);
    Object.assign(cell.style, { left: `${left}px`, width: `${width}px` });
    return cell;
  }

  /** What takes the focus at a place: the input of a filter, else the cell. */
  function cellAt({ line, column }: GridPlace): HTMLElement | undefined {
    if (filtersShown && line === 1) return inputs.get(column);
    const holder = line === 0 ? header : lines.get(line - headLines());
    return holder && cellsOf(holder).get(column);
  }

  function markActive(): void {
    const target = cellAt(active);
    for (const marked of root.querySelectorAll('[tabindex="0"]'))
      if (marked !== target) setAttributes(marked, { tabindex: -1 });
    if (target) setAttributes(target, { tabindex: 0 });
  }

  function scrollTo({ line, column }: GridPlace): void {
    const top = (line - headLines()) * ROW;
    if (top >= 0) root.scrollTop = Math.min(top, Math.max(root.scrollTop, top + ROW - seenHeight()));
    const left = lefts[column] ?? 0;
    root.scrollLeft = Math.min(left, Math.max(root.scrollLeft, left + (widths[column] ?? 0) - root.clientWidth));
  }

  function go(next: GridPlace): void {
    active = next;
    scrollTo(active);
    draw();
    cellAt(active)?.focus({ preventScroll: true });
  }

  function placeOf(target: EventTarget | null): GridPlace | undefined {
    const cell = (target as Element | null)?.closest<HTMLElement>('[aria-colindex]');
    const line = Number(cell?.parentElement?.getAttribute('aria-rowindex') ?? Number.NaN) - 1;
    return cell && Number.isInteger(line) ? { line, column: indexOf(cell) } : undefined;
  }

  /** What Enter or a double click does at a place. */
  function enter({ line, column }: GridPlace): void {
    if (line === 0) return ports.sort(column);
    const index = content.order[line - headLines()];
    if (index !== undefined) ports.open(index, column);
  }

  function pressed(event: KeyboardEvent): void {
    const at = placeOf(event.target);
    if (!at) return;
    const whole = event.ctrlKey || event.metaKey;
    const index = content.order[at.line - headLines()];
    if (event.target instanceof HTMLInputElement && staysInside(event.target, event)) return;
    const next = moved(at, event, {
      lines: content.order.length + headLines(),
      columns: content.columns.length,
      page: Math.max(1, Math.floor(seenHeight() / ROW) - 1),
    });
    if (next) go(next);
    else if (event.key === 'Enter' || (event.key === ' ' && at.line === 0)) enter(at);
    else if (whole && event.key === 'c' && index !== undefined) ports.copy(index, at.column);
    else return;
    event.preventDefault();
  }

  root.addEventListener('keydown', pressed);
  root.addEventListener('scroll', () => (drawing ||= requestAnimationFrame(draw)), { passive: true });
  root.addEventListener('focusin', ({ target }) => {
    active = placeOf(target) ?? active;
    markActive();
  });
  root.addEventListener('click', ({ target }) => {
    const at = placeOf(target);
    if (!at || target instanceof HTMLInputElement) return;
    go(at);
    if (at.line === 0) enter(at);
  });
  root.addEventListener('dblclick', ({ target }) => {
    const at = placeOf(target);
    if (at && at.line >= headLines()) enter(at);
  });
  new ResizeObserver(() => draw()).observe(root);

  return {
    element: root,
    show,
    showFilters(shown) {
      if (shown === filtersShown) return;
      const data = active.line - headLines();
      filtersShown = shown;
      active = { ...active, line: data < 0 ? 0 : data + headLines() };
      show(content);
    },
    draw,
    focus: () => go(active),
  };
}

function row(index: number): HTMLElement {
  return element('div', { class: 'row', role: 'row', 'aria-rowindex': index });
}

const indexOf = (cell: Element): number => Number(cell.getAttribute('aria-colindex')) - 1;

function cellsOf(line: HTMLElement): Map<number, HTMLElement> {
  return new Map([...line.children].map((cell) => [indexOf(cell), cell as HTMLElement]));
}

/** Within the text of a filter the arrows move the caret until they reach its end. */
function staysInside(
  { value, selectionStart, selectionEnd }: HTMLInputElement,
  { key, ctrlKey, metaKey }: KeyboardEvent,
): boolean {
  if (key === 'ArrowUp' || key === 'ArrowDown' || key === 'PageUp' || key === 'PageDown') return false;
  if (ctrlKey || metaKey || selectionStart !== selectionEnd) return true;
  if (key === 'ArrowLeft') return selectionStart !== 0;
  if (key === 'ArrowRight') return selectionStart !== value.length;
  return true;
}
