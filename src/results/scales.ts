/** A stretch of numbers or times, drawn from one pixel to another. */
export interface Scale {
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  at(value: number): number;
}

type Span = readonly [from: number, to: number];

/** @param pixels where the span begins and ends @param room how many ticks there is room for */
export function numberScale([low, high]: Span, pixels: Span, room: number): Scale {
  const [from, to] = low === high ? [low - 1, high + 1] : [low, high];
  const step = niceStep((to - from) / Math.max(1, room));
  const decimals = Math.min(20, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  const at = linear([from, to], pixels);
  const unit = units.find(([size]) => Math.max(Math.abs(from), Math.abs(to)) >= size * 10) ?? [1, ''];
  const ticks = Array.from({ length: Math.max(0, count) }, (_, index) => {
    const value = (first + index) * step;
    return { at: at(value), label: shortNumber(value, decimals, unit) };
  });
  return { ticks, at };
}

/** The same over milliseconds since 1970, in universal time. */
export function timeScale([low, high]: Span, pixels: Span, room: number): Scale {
  const [from, to] = low === high ? [low - DAY / 2, high + DAY / 2] : [low, high];
  const wanted = (to - from) / Math.max(1, room);
  const step = timeSteps.find(({ size }) => size >= wanted) ?? years(niceStep(wanted / YEAR));
  const at = linear([from, to], pixels);
  const ticks: { at: number; label: string }[] = [];
  for (let time = step.floor(from); time <= to && ticks.length < 50; time = step.next(time)) {
    if (time >= from)
      ticks.push({
        at: at(time),
        label: new Date(time)
          .toISOString()
          .slice(...step.part)
          .replace('T', ' '),
      });
  }
  return { ticks, at };
}

function linear([from, to]: Span, [start, end]: Span): (value: number) => number {
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

/** 1, 2 or 5 times a power of ten, at least `size`. */
function niceStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return ([1, 2, 5, 10].find((each) => each * power >= size * 0.999) ?? 10) * power;
}

type Unit = readonly [size: number, sign: string];

const units: readonly Unit[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** For an axis: 1,200,000 is `1.2M`. */
function shortNumber(value: number, decimals: number, [size, sign]: Unit): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 1e16) return value.toExponential(1);
  return size > 1 ? `${Number((value / size).toPrecision(6))}${sign}` : value.toFixed(decimals);
}

interface TimeStep {
  readonly size: number;
  floor(time: number): number;
  next(time: number): number;
  /** What of `2026-01-02T03:04:05` a label shows. */
  readonly part: [number, number];
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const MONTH = 30.44 * DAY;
const YEAR = 365.25 * DAY;

const even = (size: number, part: [number, number]): TimeStep => ({
  size,
  floor: (time) => Math.floor(time / size) * size,
  next: (time) => time + size,
  part,
});

const months = (count: number): TimeStep => ({
  size: count * MONTH,
  floor: (time) => monthAt(time, (month) => Math.floor(month / count) * count),
  next: (time) => monthAt(time, (month) => month + count),
  part: [0, 7],
});

const years = (count: number): TimeStep => {
  const step = Math.max(1, Math.round(count));
  return {
    ...months(12),
    size: step * YEAR,
    next: (time) => monthAt(time, (month) => month + 12 * step),
    part: [0, 4],
  };
};

function monthAt(time: number, change: (month: number) => number): number {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), change(date.getUTCMonth()), 1);
}

const timeSteps: readonly TimeStep[] = [
  ...[1, 5, 15, 30].map((count) => even(count * SECOND, [11, 19])),
  ...[1, 5, 15, 30].map((count) => even(count * 60 * SECOND, [11, 16])),
  ...[1, 3, 6, 12].map((count) => even(count * HOUR, [5, 16])),
  ...[1, 2, 7, 14].map((count) => even(count * DAY, [0, 10])),
  ...[1, 2, 3, 6].map(months),
  years(1),
];
