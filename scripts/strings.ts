import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { ERRORS } from '../src/core/errorTable.ts';
import { KNOWN_REFUSALS } from '../src/core/knownRefusals.ts';
import { PHRASES } from '../src/core/phrases.ts';
import { PAGE_TEXTS } from '../src/identity/flows/pages.ts';
import { FIELD_LABELS } from '../src/ui/setup/fieldLabels.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}l10n/`;

/** Text by text: the English one is the key. */
export type Texts = Readonly<Record<string, string>>;

/** What a manifest may call a text that people read. */
const TEXT_KEYS: ReadonlySet<string> = new Set([
  'title',
  'shortTitle',
  'contextualTitle',
  'category',
  'label',
  'name',
  'contents',
  'altText',
  'description',
  'markdownDescription',
  'enumDescriptions',
  'markdownEnumDescriptions',
  'deprecationMessage',
]);
/** Values of settings, which may be called like texts. */
const VALUE_KEYS: ReadonlySet<string> = new Set(['default', 'const', 'enum', 'examples']);

export type Manifest = Readonly<Record<string, unknown>> & { readonly contributes: object };

/** A copy of the manifest in which each text that people read went through `change`. */
export function withTexts<Given extends Manifest>(manifest: Given, change: (text: string) => string): Given {
  const walked = (value: unknown, isText: boolean): unknown => {
    if (typeof value === 'string') return isText ? change(value) : value;
    if (Array.isArray(value)) return value.map((each) => walked(each, isText));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => {
      return [key, VALUE_KEYS.has(key) ? inner : walked(inner, TEXT_KEYS.has(key) && isReadable(inner))] as const;
    });
    return Object.fromEntries(entries);
  };
  const head = Object.fromEntries(
    ['displayName', 'description'].flatMap((key) => {
      const text = manifest[key];
      return typeof text === 'string' ? [[key, change(text)]] : [];
    }),
  );
  return { ...manifest, ...head, contributes: walked(manifest.contributes, false) as object };
}

/** A setting may itself be called "title" or "name": then an object stands there. */
function isReadable(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
}

/** Each text of the manifest once, in its order. */
export function manifestTexts(manifest = readManifest()): readonly string[] {
  const texts = new Set<string>();
  withTexts(manifest, (text) => {
    texts.add(text);
    return text;
  });
  return [...texts];
}

/** A call of `t` or `verbatim`, and the text it begins with if it is written out in one piece. */
const CALL = /(?<![\w.$])(?:t|verbatim)\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")?(\s*[,)])?/g;

/** @throws Error where a text is not written out: nobody could translate it */
export function textsOfSource(source: string, file: string): readonly string[] {
  return [...source.matchAll(CALL)].map(([call, literal, end]) => {
    if (literal === undefined || end === undefined)
      throw new Error(`${file}: "${call}" does not begin with one whole text`);
    return unquoted(literal);
  });
}

/** A string as the source spells it. */
function unquoted(literal: string): string {
  const inner = literal
    .slice(1, -1)
    .replaceAll(String.raw`\'`, "'")
    .replace(/(?<!\\)"/g, String.raw`\"`);
  return JSON.parse(`"${inner}"`) as string;
}

/** Each text that the extension itself shows, once: of the user interface, of errors, of known refusals, of pages in a browser, and phrases that fill them. */
export function shownTexts(): readonly string[] {
  const files = globSync('src/ui/**/*.ts', { cwd: root }).toSorted();
  const sources = files.filter((file) => !/[\\/]localize\.ts$/.test(file));
  const ui = sources.flatMap((file) => textsOfSource(readFileSync(`${root}${file}`, 'utf8'), file));
  const errors = Object.values(ERRORS).flatMap(({ sentence, cause, fix }) => [sentence, cause, fix]);
  const refusals = KNOWN_REFUSALS.flatMap(({ cause, fix }) => [cause, fix]);
  const pages = Object.values(PAGE_TEXTS);
  return [...new Set([...ui, ...FIELD_LABELS, ...errors, ...refusals, ...pages, ...PHRASES])];
}

export const bundleFile = (language: string): string => `bundle.l10n.${language}.json`;
export const manifestFile = (language: string): string => `manifest.${language}.json`;

/** Languages that there is a translation of the manifest or of the user interface in. */
export function languages(): readonly string[] {
  const found = globSync('*.json', { cwd: folder }).map((file) =>
    /^(?:bundle\.l10n|manifest)\.([\w-]+)\.json$/.exec(file),
  );
  return [...new Set(found.flatMap((match) => match?.[1] ?? []))].toSorted();
}

export function readTexts(file: string): Texts {
  return JSON.parse(readFileSync(`${folder}${file}`, 'utf8')) as Texts;
}

export interface Gaps {
  readonly file: string;
  readonly missing: readonly string[];
  /** Translations of what is not said any more. */
  readonly left: readonly string[];
}

export function gaps(file: string, texts: readonly string[]): Gaps {
  const translations = readTexts(file);
  return {
    file,
    missing: texts.filter((text) => !Object.hasOwn(translations, text)),
    left: Object.keys(translations).filter((text) => !texts.includes(text)),
  };
}

if (import.meta.main) {
  const manifest = manifestTexts();
  const shown = shownTexts();
  for (const language of languages())
    for (const { file, missing, left } of [gaps(bundleFile(language), shown), gaps(manifestFile(language), manifest)]) {
      console.log(`l10n/${file}: ${missing.length} missing, ${left.length} left over`);
      for (const text of missing) console.log(`  missing: ${JSON.stringify(text)}`);
      for (const text of left) console.log(`  left over: ${JSON.stringify(text)}`);
    }
}
