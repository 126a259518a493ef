import { filled, type PassportError } from './errors.ts';
import { ERRORS } from './errorTable.ts';
import { PHRASES } from './phrases.ts';

/** A text of ours in another language, its `{name}`s left where they are; the same text where there is none. */
export type Translate = (text: string) => string;

export const untranslated: Translate = (text) => text;

/** Parameters that hold words of ours. The others hold names, which stay what they are. */
const WORDED: ReadonlySet<string> = new Set([
  'problem',
  'reason',
  'remedy',
  'hint',
  'flow',
  'check',
  'direction',
  'action',
  'feature',
  'secret',
]);

/** An error as a user reads it. What is logged, and what agents read, stays as it is. */
export function told(error: PassportError, translated: Translate): { readonly sentence: string; readonly fix: string } {
  const { sentence, fix } = ERRORS[error.code];
  const params = inOtherWords(error.params, translated);
  return { sentence: filled(translated(sentence), params), fix: filled(translated(fix), params) };
}

/** Parameters of an error, those in words of ours translated. */
export function inOtherWords(
  params: Readonly<Record<string, string>>,
  translated: Translate,
): Readonly<Record<string, string>> {
  const entries = Object.entries(params);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, WORDED.has(name) ? reworded(value, translated) : value]),
  );
}

interface Pattern {
  readonly phrase: string;
  readonly fits: RegExp;
}

const whole: ReadonlySet<string> = new Set(PHRASES);
let patterns: readonly Pattern[] | undefined;

/** What a phrase of the list says, in another language; the same text where it is none of them. */
export function reworded(text: string, translated: Translate): string {
  if (whole.has(text)) return translated(text);
  patterns ??= PHRASES.filter((phrase) => phrase.includes('{0}')).map(patternOf);
  for (const { phrase, fits } of patterns) {
    const [found, ...parts] = fits.exec(text) ?? [];
    if (found === undefined) continue;
    const words = parts.map((part) => reworded(part, translated));
    return filled(translated(phrase), Object.fromEntries(words.entries()));
  }
  return text;
}

function patternOf(phrase: string): Pattern {
  const source = phrase.replace(/[.*+?^$()|[\]\\/]/g, String.raw`\$&`).replace(/\{\d\}/g, '(.+?)');
  return { phrase, fits: new RegExp(`^${source}$`, 'su') };
}
