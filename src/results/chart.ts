import { type ChartData, extremes, type Mark } from './chartData.ts';
import { drawing, element, setAttributes } from './dom.ts';
import { numberScale, type Scale, timeScale } from './scales.ts';
import type { ChartKind } from './suggestChart.ts';
import { visible } from './visible.ts';
import type { Words } from './words.ts';

export interface ChartPicture {
  readonly kind: ChartKind;
  readonly data: ChartData;
  readonly xName: string;
  readonly yName: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly words: Words;
}

const [TOP, RIGHT, BOTTOM] = [10, 12, 22];
const CHARACTER = 6;

/**
 * A chart as one picture with a name and a description. The arrow keys and the pointer walk over its values, and a line below says
 * which one it is; the table has all of them.
 */
export function chart({ kind, data, xName, yName, width, height, words }: ChartPicture): HTMLElement {
  const { marks } = data;
  const span = extent(
    marks.map(({ y }) => y),
    kind === 'bar',
  );
  const room = Math.max(2, Math.floor(height / 45));
  const labels = numberScale(span, [0, 1], room).ticks.map(({ label }) => label.length);
  const left = Math.max(24, Math.max(0, ...labels) * CHARACTER + 10);
  const across: [number, number] = [left, width - RIGHT];
  const y = numberScale(span, [height - BOTTOM, TOP], room);
  const x = xScale(data, across);
  const picture = drawing(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true' },
    axes({ x, y, across, height }),
    shapes[kind]({
      marks,
      x,
      y,
      zero: y.at(Math.min(Math.max(0, span[0]), span[1])),
      band: (across[1] - across[0]) / Math.max(1, marks.length),
    }),
  );
  const marker = drawing('circle', { class: 'marker', r: 4, visibility: 'hidden' });
  picture.append(marker);
  const name = words.chartName(kind, visible(yName), visible(xName));
  const [lowest, highest] = extremes(marks);
  const summary = words.chartSummary({
    count: data.count,
    lowest: visible(lowest?.yText ?? ''),
    lowestAt: visible(lowest?.xText ?? ''),
    highest: visible(highest?.yText ?? ''),
    highestAt: visible(highest?.xText ?? ''),
  });
  const image = element(
    'div',
    { class: 'picture', role: 'img', tabindex: 0, 'aria-label': `${name}. ${summary}` },
    picture,
  );
  const readout = element('p', { class: 'readout', 'aria-live': 'polite' }, name);
  walkable({ image, marker, readout, marks, place: (mark) => [x.at(mark.x), y.at(mark.y)] });
  return element('div', { class: 'plot' }, image, readout);
}

function xScale({ marks, xIs }: ChartData, across: [number, number]): Scale {
  const room = Math.floor((across[1] - across[0]) / 80);
  if (xIs === 'name') return nameScale(marks, across);
  const span = extent(
    marks.map((mark) => mark.x),
    false,
  );
  // Points and lines do not touch the axis.
  const inside: [number, number] = [across[0] + 6, across[1] - 6];
  return xIs === 'moment' ? timeScale(span, inside, room) : numberScale(span, inside, room);
}

function nameScale(marks: readonly Mark[], [from, to]: [number, number]): Scale {
  const band = (to - from) / Math.max(1, marks.length);
  const at = (index: number): number => from + (index + 0.5) * band;
  const longest = Math.min(14, Math.max(1, ...marks.map(({ xText }) => xText.length)));
  const each = Math.max(1, Math.ceil(((longest + 1) * CHARACTER) / band));
  const ticks = marks.flatMap(({ xText }, index) =>
    index % each === 0
      ? [{ at: at(index), label: shortened(visible(xText), Math.max(longest, Math.floor(band / CHARACTER))) }]
      : [],
  );
  return { at, ticks };
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** @param zero whether what is drawn starts at nothing */
function extent(values: readonly number[], zero: boolean): [number, number] {
  let [low, high] = zero ? [0, 0] : [values[0] ?? 0, values[0] ?? 1];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return zero && low === high ? [0, 1] : [low, high];
}

function axes({ x, y, across, height }: { x: Scale; y: Scale; across: [number, number]; height: number }): SVGElement {
  const group = drawing('g', { class: 'axes' });
  for (const { at, label } of y.ticks) {
    group.append(
      drawing('line', { x1: across[0], x2: across[1], y1: at, y2: at }),
      drawing('text', { x: across[0] - 6, y: at + 4, 'text-anchor': 'end' }, label),
    );
  }
  for (const { at, label } of x.ticks) {
    const half = (label.length * CHARACTER) / 2;
    const inside = Math.min(Math.max(at, half), across[1] + RIGHT - half);
    group.append(drawing('text', { x: inside, y: height - 6, 'text-anchor': 'middle' }, label));
  }
  return group;
}

interface Drawn {
  readonly marks: readonly Mark[];
  readonly x: Scale;
  readonly y: Scale;
  /** Pixel of nothing, or of the end of the axis that is nearest to it. */
  readonly zero: number;
  readonly band: number;
}

const shapes: Readonly<Record<ChartKind, (drawn: Drawn) => SVGElement>> = {
  bar({ marks, x, y, zero, band }) {
    const width = Math.max(1, Math.min(48, band * 0.72));
    const group = drawing('g', { class: 'bars' });
    for (const mark of marks) {
      const top = y.at(mark.y);
      group.append(
        drawing('rect', {
          x: x.at(mark.x) - width / 2,
          width,
          y: Math.min(top, zero),
          height: Math.max(1, Math.abs(zero - top)),
        }),
      );
    }
    return group;
  },
  line({ marks, x, y }) {
    const points = marks.map((mark) => `${x.at(mark.x).toFixed(1)},${y.at(mark.y).toFixed(1)}`).join(' ');
    const group = drawing('g', { class: 'line' }, drawing('polyline', { points }));
    if (marks.length <= 60) group.append(...dots(marks, x, y, 2.5));
    return group;
  },
  scatter: ({ marks, x, y }) => drawing('g', { class: 'points' }, ...dots(marks, x, y, 3)),
};

function dots(marks: readonly Mark[], x: Scale, y: Scale, r: number): SVGElement[] {
  return marks.map((mark) => drawing('circle', { cx: x.at(mark.x), cy: y.at(mark.y), r }));
}

interface Walk {
  readonly image: HTMLElement;
  readonly marker: SVGElement;
  readonly readout: HTMLElement;
  readonly marks: readonly Mark[];
  place(mark: Mark): readonly [number, number];
}

/** Shows one value after the other with the arrow keys, or the one nearest to the pointer. */
function walkable({ image, marker, readout, marks, place }: Walk): void {
  let current = -1;
  const show = (index: number): void => {
    const mark = marks[index];
    if (!mark) return;
    current = index;
    const [cx, cy] = place(mark);
    setAttributes(marker, { cx, cy, visibility: 'visible' });
    readout.textContent = `${visible(mark.xText)}: ${visible(mark.yText)}`;
  };
  image.addEventListener('keydown', (event) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: current + 1,
      ArrowLeft: current < 0 ? 0 : current - 1,
      Home: 0,
      End: marks.length - 1,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    show(Math.min(marks.length - 1, Math.max(0, next)));
  });
  image.addEventListener('pointermove', ({ offsetX, offsetY }) => {
    let [nearest, least] = [-1, Infinity];
    for (const [index, mark] of marks.entries()) {
      const [cx, cy] = place(mark);
      // Across counts more: bars and lines are read from left to right.
      const distance = (cx - offsetX) ** 2 + ((cy - offsetY) / 4) ** 2;
      if (distance < least) [nearest, least] = [index, distance];
    }
    show(nearest);
  });
}
