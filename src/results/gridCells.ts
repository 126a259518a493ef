import type { Cell } from '../core/result.ts';
import { drawing, element } from './dom.ts';
import type { TypedColumn } from './rows.ts';
import { visible } from './visible.ts';
import type { Words } from './words.ts';

/** What a cell has to know of its column. */
export interface GridLook {
  /** Of the column, from 0. */
  readonly index: number;
  readonly column: TypedColumn;
  /** Pixels. */
  readonly left: number;
  readonly width: number;
  readonly words: Words;
}

/** Characters of a value that a cell of one line holds; the whole value is shown on its own. */
const LONGEST = 400;

/** A header that sorts. Its direction is told by `aria-sort`, and shown as a sign that the style sheet turns. */
export function headerCell({ index, column, left, width }: GridLook): HTMLElement {
  const { name, type, kind } = column;
  const sign = drawing(
    'svg',
    { viewBox: '0 0 10 10', class: 'sign', 'aria-hidden': 'true' },
    drawing('path', { d: 'M5 2 9 8H1Z' }),
  );
  const cell = element(
    'div',
    {
      class: `cell ${kind}`,
      role: 'columnheader',
      'aria-colindex': index + 1,
      'aria-sort': 'none',
      tabindex: -1,
      title: `${visible(name)} ${visible(type)}`,
    },
    element('span', { class: 'name' }, element('bdi', {}, visible(name)), sign),
    element('span', { class: 'type' }, visible(type)),
  );
  return placed(cell, left, width);
}

export function bodyCell({ index, column, left, width, words }: GridLook, value: Cell): HTMLElement {
  const missing = value === null;
  const cell = element(
    'div',
    { class: `cell ${missing ? 'missing' : column.kind}`, role: 'gridcell', 'aria-colindex': index + 1, tabindex: -1 },
    missing ? words.missing : visible(shortened(String(value))),
  );
  if (!missing && column.kind === 'text') cell.dir = 'auto';
  return placed(cell, left, width);
}

function placed(cell: HTMLElement, left: number, width: number): HTMLElement {
  Object.assign(cell.style, { left: `${left}px`, width: `${width}px` });
  return cell;
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
