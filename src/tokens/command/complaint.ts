import { stripVTControlCharacters } from 'node:util';

/** Characters of a complaint that an error shows. */
const LONGEST = 300;
/** A run of so many characters without a space may be a secret, unless it is a path or an address. */
const SUSPICIOUS = 20;
/** No path in a message is longer. */
const LONGEST_PATH = 200;

export interface Complaint {
  /** The end of what the program wrote to its standard error. */
  readonly text: Uint8Array;
  /** Whether something stood before it. */
  readonly cut: boolean;
  /** What the program printed for us: if it says the same here, that is left out. */
  readonly printed: Uint8Array;
}

/** The end of what a program complained of, without anything that looks like a secret; undefined where nothing is left. */
export function shortComplaint({ text, cut, printed }: Complaint): string | undefined {
  const decoder = new TextDecoder();
  let words = stripVTControlCharacters(decoder.decode(text));
  for (const line of decoder.decode(printed).split(/[\r\n]+/, 20))
    if (line.trim().length > 3) words = words.replaceAll(line.trim(), '…');
  const whole = words.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ');
  // What was cut off may have been the larger part of a secret.
  const clean = masked(cut ? whole.replace(/^\S*/, '') : whole).trim();
  const end = clean.length <= LONGEST ? clean : clean.slice(-LONGEST).replace(/^\S*/, '…');
  return end.replace(/…[\s…]*…/g, '…') || undefined;
}

function masked(text: string): string {
  return text
    .replace(/\S{20,}/g, (word) => shownPart(word))
    .replace(/(?<![\w-])eyJ[\w-]+\.\S*/g, '…')
    .replace(/\b(Bearer|Basic|DPoP)\s+\S+/gi, '$1 …')
    .replace(
      /([\w-]*(?:pass|pwd|secret|token|credential|authorization|key|signature)[\w-]*["']?\s?[=:]\s?)(?!Bearer|Basic|DPoP)[^\s,;]+/gi,
      '$1…',
    );
}

/** Of a long word: nothing, or the address or path that it is. */
function shownPart(word: string): string {
  const [, before = '', inner = '', after = ''] = /^([("'[<]*)(.*?)([)"'\]>.,;:]*)$/.exec(word) ?? [];
  if (inner.length < SUSPICIOUS) return word;
  if (inner.length > LONGEST_PATH) return '…';
  const [, origin, rest = ''] = /^(https?:\/\/[\w.-]+(?::\d+)?)(\/.*)?$/i.exec(inner) ?? [];
  if (origin !== undefined) return `${before}${origin}${isHarmless(rest) ? rest : '/…'}${after}`;
  return /^(?:~|\.|[a-z]:)?[\\/]/i.test(inner) && isHarmless(inner) ? word : '…';
}

/** Parts between slashes that are as short as names are. Base64 has `+` and `=`, which file names seldom have. */
function isHarmless(place: string): boolean {
  return place.split(/[\\/]/).every((part) => part.length < SUSPICIOUS && /^[\w.:~@-]*$/.test(part));
}
