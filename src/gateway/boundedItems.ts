import type { Limits } from '../core/result.ts';
import { shortText } from './shortText.ts';

/** An object or a column: its names stay whole, because statements are made of them. */
interface Item {
  readonly type?: string;
  readonly comment?: string | undefined;
}

type Bounds = Pick<Limits, 'cellLength' | 'bytes'> & {
  readonly items: number;
  /** What the items are, for the note. */
  readonly kind: string;
};

export interface BoundedItems<T> {
  readonly items: readonly T[];
  readonly truncated: boolean;
  readonly note?: string;
}

/** The first items within the bounds, their comments and types shortened. */
export function boundedItems<T extends Item>(found: readonly T[], bounds: Bounds): BoundedItems<T> {
  const { cellLength, bytes, kind } = bounds;
  const items: T[] = [];
  let left = bytes;
  let cut = false;
  for (const item of found.slice(0, bounds.items)) {
    const short = shortened(item, cellLength);
    left -= Buffer.byteLength(JSON.stringify(short)) + 1;
    if (left < 0) break;
    cut ||= short !== item;
    items.push(short);
  }
  const notes: string[] = [];
  if (left < 0) {
    notes.push(
      `Cut after ${items.length} ${kind}, because more would pass ${bytes} bytes (dataPassport.limits.bytes).`,
    );
  } else if (items.length < found.length) {
    notes.push(`There are more than ${items.length} ${kind}.`);
  }
  if (cut) notes.push(`Longer texts end with … after ${cellLength} characters (dataPassport.limits.cellLength).`);
  return { items, truncated: notes.length > 0, ...(notes.length > 0 && { note: notes.join(' ') }) };
}

function shortened<T extends Item>(item: T, length: number): T {
  const { type, comment } = item;
  if ((type?.length ?? 0) <= length && (comment?.length ?? 0) <= length) return item;
  return {
    ...item,
    ...(type !== undefined && { type: shortText(type, length) }),
    ...(comment !== undefined && { comment: shortText(comment, length) }),
  };
}
