import { languages, type Manifest, manifestFile, readTexts, type Texts, withTexts } from './strings.ts';

export interface LocalizedManifest<Given extends Manifest> {
  /** With a `%key%` for each text that some language says otherwise. */
  readonly manifest: Given;
  /** By file name: what stands for the keys, in English and in each language. What a file lacks, the editor takes from the English one. */
  readonly files: Readonly<Record<string, Texts>>;
}

/** Translations of the manifest, by language. */
export function translations(): Readonly<Record<string, Texts>> {
  return Object.fromEntries(languages().map((language) => [language, readTexts(manifestFile(language))]));
}

/**
 * The manifest as the editor localizes it. A text that is repeated has one key.
 * https://code.visualstudio.com/api/references/vscode-api#l10n (package.nls.json, package.nls.<language>.json)
 */
export function localized<Given extends Manifest>(
  english: Given,
  spoken: Readonly<Record<string, Texts>>,
): LocalizedManifest<Given> {
  const keys = new Map<string, string>();
  const others = Object.entries(spoken).map(([language, texts]) => {
    const said: Record<string, string> = {};
    return { file: `package.nls.${language}.json`, texts, said };
  });
  const manifest = withTexts(english, (text) => {
    const different = others.filter(({ texts }) => (texts[text] ?? text) !== text);
    if (different.length === 0) return text;
    const key = keys.get(text) ?? `t${keys.size + 1}`;
    keys.set(text, key);
    for (const { texts, said } of different) said[key] = texts[text] ?? text;
    return `%${key}%`;
  });
  const own = Object.fromEntries([...keys].map(([text, key]) => [key, text]));
  const files = Object.fromEntries(others.map(({ file, said }) => [file, said]));
  return { manifest, files: { 'package.nls.json': own, ...files } };
}
