import type { FailureAnswer, RowsAnswer } from './answer.ts';
import { chartView } from './chartView.ts';
import { copyText } from './clipboard.ts';
import { csv, markdown } from './copy.ts';
import { element } from './dom.ts';
import { footer } from './footer.ts';
import { grid } from './grid.ts';
import { message } from './messages.ts';
import { arranged, everything, nextSorting, type Row, textOf, typed, type TypedColumn, type Wish } from './rows.ts';
import { toolbar, type View } from './toolbar.ts';
import { valueView } from './valueView.ts';
import type { Words } from './words.ts';

export interface ResultPorts {
  readonly words: Words;
  /** Runs the statement again for a larger part of its result. */
  loadMore(): void;
}

export interface ResultState {
  readonly answer: RowsAnswer;
  readonly more: boolean;
  readonly loading: boolean;
  readonly failure?: FailureAnswer | undefined;
}

/** Rows as a table and as a chart, with what is done to them. */
export interface ResultView {
  readonly element: HTMLElement;
  show(state: ResultState): void;
  say(text: string): void;
}

const formats = { csv, markdown };

export function resultView({ words, loadMore }: ResultPorts): ResultView {
  let state: ResultState | undefined;
  let columns: readonly TypedColumn[] = [];
  let rows: readonly Row[] = [];
  let order: readonly number[] = [];
  let wish: Wish = everything;
  let view: View = 'table';
  let waiting = 0;

  const bottom = footer({ words, loadMore });
  const picture = chartView(words);
  const nothing = message('');
  const value = valueView({ words, closed: () => table.focus() });
  const table = grid({
    words,
    sort: (column) => change({ sorting: nextSorting(column, wish.sorting) }),
    filter: (column, text) => changeSoon({ columnFilters: new Map(wish.columnFilters).set(column, text) }),
    open(row, column) {
      const of = columns[column];
      if (of) value.show(of, rows[row]?.[column] ?? null);
    },
    copy: (row, column) => void copy(textOf(rows[row]?.[column] ?? null), words.copiedCell),
  });
  const bar = toolbar({
    words,
    view(next) {
      view = next;
      arrange();
    },
    filter: (filter) => changeSoon({ filter }),
    filterColumns(shown) {
      table.showFilters(shown);
      if (!shown) change({ columnFilters: new Map() });
    },
    copy: (format) => void copy(formats[format](columns, shownRows()), words.copiedRows(order.length)),
  });
  const root = element(
    'div',
    { class: 'result' },
    bar,
    nothing,
    table.element,
    picture.element,
    value.element,
    bottom.element,
  );

  const shownRows = (): readonly Row[] => order.map((index) => rows[index] ?? []);

  async function copy(text: string, done: string): Promise<void> {
    bottom.say((await copyText(text)) ? done : words.copyFailed);
  }

  function change(part: Partial<Wish>): void {
    wish = { ...wish, ...part };
    order = arranged(columns, rows, wish);
    arrange();
  }

  /** Once a picture, however fast somebody types. */
  function changeSoon(part: Partial<Wish>): void {
    wish = { ...wish, ...part };
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      change({});
    });
  }

  function arrange(): void {
    if (!state) return;
    value.hide();
    const empty = rows.length === 0 ? words.noRows : order.length === 0 ? words.noRowsMatch : '';
    nothing.textContent = columns.length === 0 ? words.noColumns : empty;
    nothing.hidden = nothing.textContent === '';
    bar.hidden = rows.length === 0;
    table.element.hidden = view !== 'table' || columns.length === 0;
    picture.element.hidden = view !== 'chart' || rows.length === 0;
    if (view === 'table') table.show({ columns, rows, order, sorting: wish.sorting });
    else picture.show(columns, shownRows());
    bottom.show({ ...state, shown: order.length });
  }

  return {
    element: root,
    show(next) {
      const { answer } = next;
      if (answer !== state?.answer) {
        const known = JSON.stringify(answer.columns) === JSON.stringify(state?.answer.columns);
        if (!known) [columns, wish] = [typed(answer.columns), everything];
        rows = answer.rows;
        order = arranged(columns, rows, wish);
      }
      state = next;
      arrange();
    },
    say: bottom.say,
  };
}
