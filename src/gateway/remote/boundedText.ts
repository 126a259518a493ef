import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A body that no honest server sends. */
export class TooLarge extends Error {}

/** Reads a body whole. @param most bytes @throws TooLarge, after it has let go of the rest; the error of the stream itself */
export async function textOf(body: Readable, most: number): Promise<string> {
  // Piece by piece: of more than a megabyte at once Node makes two bytes a character, whatever the characters.
  const decoder = new StringDecoder('utf8');
  let text = '';
  let size = 0;
  for await (const chunk of body) {
    text += decoder.write(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > most) throw new TooLarge();
  }
  return text + decoder.end();
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
