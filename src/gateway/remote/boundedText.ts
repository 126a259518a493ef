import type { Readable } from 'node:stream';

/** A body that no honest server sends. */
export class TooLarge extends Error {}

/** Reads a body whole. @param most bytes @throws TooLarge, after it has let go of the rest; the error of the stream itself */
export async function textOf(body: Readable, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > most) throw new TooLarge();
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The beginning of a body, for an error; whatever goes wrong on the way, what came is told. */
export async function beginningOf(body: Readable, most = 4096): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= most) break;
    }
  } catch {
    // Less is told.
  }
  return Buffer.concat(chunks).subarray(0, most).toString('utf8');
}
