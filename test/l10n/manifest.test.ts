import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { localized, translations } from '../../scripts/localizedManifest.ts';
import {
  type Manifest,
  manifestTexts,
  readManifest,
  textsOfSource,
  type Texts,
  withTexts,
} from '../../scripts/strings.ts';
import { FIELD_LABELS, labelOfName } from '../../src/ui/setup/fieldLabels.ts';

/** What the editor makes of a manifest: keys are looked up in the file of the language, else in the English one (localizeManifest of VS Code). */
function resolved(value: unknown, said: Texts, english: Texts): unknown {
  if (typeof value === 'string') {
    const [, key] = /^%(.+)%$/.exec(value) ?? [];
    return key === undefined ? value : (said[key] ?? english[key] ?? assert.fail(`nothing stands for ${value}`));
  }
  if (Array.isArray(value)) return value.map((each) => resolved(each, said, english));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each, said, english)]));
}

const manifest = readManifest();
const made = localized(manifest, translations());
const english = made.files['package.nls.json'] ?? {};

describe('The manifest in the package', () => {
  test('is that of the sources for an editor in English, and in a language that nobody translated it to', () => {
    assert.deepEqual(resolved(made.manifest, {}, english), manifest);
  });

  test('is in German for an editor in German, and differs in its texts alone', () => {
    const german = resolved(made.manifest, made.files['package.nls.de.json'] ?? {}, english) as Manifest;
    const spoken = translations()['de'] ?? {};
    assert.deepEqual(
      german,
      withTexts(manifest, (text) => spoken[text] ?? text),
    );
    assert.notDeepEqual(german, manifest);
  });

  test('has one key for a text, however often it is said, and each key has a text in both files', () => {
    const texts = Object.values(english);
    assert.equal(new Set(texts).size, texts.length);
    assert.deepEqual(Object.keys(made.files['package.nls.de.json'] ?? {}), Object.keys(english));
    assert.deepEqual(
      manifestTexts().filter((text) => /^%.*%$/s.test(text)),
      [],
      'no text looks like a key',
    );
  });

  test('is smaller than without keys by more than the texts take', () => {
    const [before, after, keyed] = [manifest, made.manifest, english].map((each) => JSON.stringify(each).length);
    assert.ok((after ?? 0) + (keyed ?? 0) < 0.75 * (before ?? 0));
  });
});

describe('A text of a manifest', () => {
  const small: Manifest = {
    name: 'tool',
    displayName: 'Tool',
    contributes: {
      commands: [{ command: 'tool.run', title: 'Run', category: 'Tool' }],
      configuration: {
        properties: {
          title: {
            type: 'string',
            default: 'Run',
            enum: ['Run'],
            enumDescriptions: ['Runs it.'],
            description: 'What runs.',
          },
          name: { anyOf: [{ title: 'Run', const: 'Run', default: { description: 'Run' } }] },
        },
      },
    },
  };

  test('is what people read, and neither a name nor a value', () => {
    assert.deepEqual(manifestTexts(small), ['Tool', 'Run', 'Runs it.', 'What runs.']);
  });

  test('that no language says otherwise stays where it is', () => {
    const { manifest: keyed, files } = localized(small, {
      de: { Run: 'Ausführen', Tool: 'Tool', 'Runs it.': 'Führt es aus.' },
    });
    assert.deepEqual(files, {
      'package.nls.json': { t1: 'Run', t2: 'Runs it.' },
      'package.nls.de.json': { t1: 'Ausführen', t2: 'Führt es aus.' },
    });
    assert.deepEqual(keyed.contributes, {
      commands: [{ command: 'tool.run', title: '%t1%', category: 'Tool' }],
      configuration: {
        properties: {
          title: {
            type: 'string',
            default: 'Run',
            enum: ['Run'],
            enumDescriptions: ['%t2%'],
            description: 'What runs.',
          },
          name: { anyOf: [{ title: '%t1%', const: 'Run', default: { description: 'Run' } }] },
        },
      },
    });
  });
});

describe('A text of a source', () => {
  test('is found on one line or on several, with its quotation marks', () => {
    const source = `t('one'); x.t('no'); it('no'); verbatim(\n  "It's two.",\n  name,\n); t('it\\'s {0}', t("three \\"3\\""));`;
    assert.deepEqual(textsOfSource(source, 'x.ts'), ['one', "It's two.", "it's {0}", 'three "3"']);
  });

  test('that is put together could not be translated, and is refused', () => {
    for (const source of ["t('one ' + two)", 't(name)', 't(`one ${two}`)'])
      assert.throws(() => textsOfSource(source, 'x.ts'), /x\.ts: .* does not begin with one whole text/);
  });
});

test('every setting that a form asks for has a label that can be translated, and no label is of none', () => {
  const names = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { properties } = value as { properties?: unknown };
    if (!Array.isArray(value) && typeof properties === 'object' && properties !== null)
      for (const name of Object.keys(properties)) names.add(labelOfName(name));
    for (const each of Object.values(value)) collect(each);
  };
  const { configuration } = manifest.contributes as { configuration: { properties: Record<string, unknown> } };
  for (const section of ['dataPassport.identityProviders', 'dataPassport.connections'])
    collect(configuration.properties[section]);
  assert.deepEqual(FIELD_LABELS, names);
});
