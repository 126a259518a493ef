import type { Spread } from './statistics.ts';

/** A table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [
    line(head),
    line(
      head.map(() => '---'),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('\n');
}

/** Median, lowest and highest. */
export function ranged({ median, least, most }: Spread, write: (value: number) => string): string {
  return `${write(median)} (${write(least)} – ${write(most)})`;
}

export const whole = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(0));
export const fine = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(2));
export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
export const signedWhole = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(0)}`;
export const kilobytes = (bytes: number): string => (Number.isNaN(bytes) ? '–' : (bytes / 1024).toFixed(0));
export const ratio = (value: number, reference: number): string => `${(value / reference).toFixed(2)}×`;
