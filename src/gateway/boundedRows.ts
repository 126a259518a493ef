import type { Cell, Column, Limits, Rows } from '../core/result.ts';
import { shortText } from './shortText.ts';

export interface BoundedRows {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly rowCount: number;
  readonly truncated: boolean;
  /** What was cut, and how to get more. */
  readonly note?: string;
  /** Which bound there were more rows than. */
  readonly full?: 'rows' | 'bytes';
}

type Bounds = Pick<Limits, 'rows' | 'cellLength' | 'bytes'>;

/**
 * Takes rows until a bound is reached, then leaves: the session cancels the rest.
 * @param bounds `rows`: what the caller wants, at most the limit of the settings
 */
export async function boundedRows({ columns, batches }: Rows, bounds: Bounds): Promise<BoundedRows> {
  const rows: (readonly Cell[])[] = [];
  const cut = { cells: 0 };
  let bytes = 0;
  let full: 'rows' | 'bytes' | undefined;
  for await (const batch of batches) {
    for (const row of batch) {
      const short = row.map((cell) => bounded(cell, bounds.cellLength, cut));
      bytes += Buffer.byteLength(JSON.stringify(short)) + 1;
      if (rows.length >= bounds.rows) full = 'rows';
      else if (bytes > bounds.bytes) full = 'bytes';
      if (full) break;
      rows.push(short);
    }
    if (full) break;
  }
  const note = noteOf(full, cut.cells, bounds, rows.length);
  const truncated = full !== undefined || cut.cells > 0;
  return { columns, rows, rowCount: rows.length, truncated, ...(note && { note }), ...(full && { full }) };
}

function bounded(cell: Cell, length: number, cut: { cells: number }): Cell {
  if (typeof cell !== 'string' || cell.length <= length) return cell;
  cut.cells += 1;
  return shortText(cell, length);
}

function noteOf(full: 'rows' | 'bytes' | undefined, cells: number, bounds: Bounds, count: number): string {
  const notes: string[] = [];
  if (full === 'rows') {
    notes.push(
      `There are more than ${count} rows. Page with LIMIT and OFFSET, aggregate, or raise maxRows (dataPassport.limits.rows bounds it).`,
    );
  }
  if (full === 'bytes') {
    notes.push(
      `Cut after ${count} rows, because more would pass ${bounds.bytes} bytes (dataPassport.limits.bytes). Select fewer columns, or page with LIMIT and OFFSET.`,
    );
  }
  if (cells > 0) {
    notes.push(
      `${cells} ${cells === 1 ? 'cell was' : 'cells were'} cut to ${bounds.cellLength} characters and ${cells === 1 ? 'ends' : 'end'} with … (dataPassport.limits.cellLength). Select a part of the value to see more.`,
    );
  }
  return notes.join(' ');
}
