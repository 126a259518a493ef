import { chart } from './chart.ts';
import { chartData } from './chartData.ts';
import { element, place } from './dom.ts';
import { message } from './messages.ts';
import type { Row, TypedColumn } from './rows.ts';
import { type ChartChoice, type ChartKind, chartKinds, measures, ROW_NUMBER, suggestChart } from './suggestChart.ts';
import { visible } from './visible.ts';
import type { Words } from './words.ts';

const HEIGHT = 240;

/** The chart of the rows that are shown, and what it draws. */
export interface ChartView {
  readonly element: HTMLElement;
  show(columns: readonly TypedColumn[], rows: readonly Row[]): void;
}

export function chartView(words: Words): ChartView {
  const choices = element('div', { class: 'choices' });
  const holder = element('div', { class: 'holder' });
  const root = element('div', { class: 'chart' }, choices, holder);
  let columns: readonly TypedColumn[] = [];
  let rows: readonly Row[] = [];
  let choice: ChartChoice | undefined;
  let width = 0;

  function draw(): void {
    if (!choice || width === 0) return;
    const data = chartData(columns, rows, choice);
    const nameOf = (index: number): string => (index === ROW_NUMBER ? words.rowNumber : (columns[index]?.name ?? ''));
    const picture = chart({
      kind: choice.kind,
      data,
      xName: nameOf(choice.x),
      yName: nameOf(choice.y),
      width,
      height: HEIGHT,
      words,
    });
    const some = data.marks.length < data.count;
    place(holder, [
      picture,
      ...(some ? [element('p', { class: 'drawn' }, words.drawn(data.marks.length, data.count))] : []),
    ]);
  }

  function change(part: Partial<ChartChoice>): void {
    if (choice) choice = { ...choice, ...part };
    draw();
  }

  function offer(chosen: ChartChoice): void {
    const named = (index: number): Option => [String(index), visible(columns[index]?.name ?? '')];
    place(choices, [
      select(
        words.kind,
        chartKinds.map((kind): Option => [kind, words.kinds[kind]]),
        chosen.kind,
        (kind) => change({ kind: kind as ChartKind }),
      ),
      select(
        words.xAxis,
        [[String(ROW_NUMBER), words.rowNumber], ...columns.map((_, index) => named(index))],
        String(chosen.x),
        (x) => change({ x: Number(x) }),
      ),
      select(words.yAxis, measures(columns, rows).map(named), String(chosen.y), (y) => change({ y: Number(y) })),
    ]);
  }

  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry?.contentRect.width ?? 0);
    if (now === width) return;
    width = now;
    draw();
  }).observe(holder);

  return {
    element: root,
    show(nextColumns, nextRows) {
      const same = nextColumns === columns && choice !== undefined;
      [columns, rows] = [nextColumns, nextRows];
      if (!same) {
        choice = suggestChart(columns, rows);
        if (choice) offer(choice);
      }
      choices.hidden = choice === undefined;
      if (choice) draw();
      else place(holder, [message(words.noNumbers)]);
    },
  };
}

type Option = readonly [value: string, label: string];

function select(
  label: string,
  options: readonly Option[],
  chosen: string,
  choose: (value: string) => void,
): HTMLElement {
  const field = element(
    'select',
    { title: label, 'aria-label': label },
    ...options.map(([value, text]) => element('option', { value }, text)),
  );
  field.value = chosen;
  field.addEventListener('change', () => choose(field.value));
  return element('label', {}, element('span', {}, label), field);
}
