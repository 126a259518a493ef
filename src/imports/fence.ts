import type { Draft } from '../core/importDraft.ts';
import type { ImportFormat } from './format.ts';

/** Characters of a file; settings that people write have some thousand. */
export const MOST_CHARACTERS = 1_000_000;

/** The format with a fence in front of and behind it: what is no text is not looked into, and no fault of a reader comes out. */
export function fenced(format: ImportFormat): ImportFormat {
  return {
    ...format,
    read(input, ports) {
      if (input.text.length > MOST_CHARACTERS) return unread('the file has more than 1 MB: it is not read');
      if (input.text.includes('\0')) return unread('the file is no text: it is not read');
      const other = input.other?.filter(({ text }) => text.length <= MOST_CHARACTERS && !text.includes('\0'));
      try {
        return format.read({ ...input, other }, ports);
      } catch {
        // What a library says of a fault may repeat the file.
        return unread('the file can not be read');
      }
    },
  };
}

function unread(text: string): Draft {
  return { providers: {}, connections: [], notes: [{ line: 1, name: '', kind: 'broken', text }] };
}
