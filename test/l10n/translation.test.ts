import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  bundleFile,
  gaps,
  languages,
  manifestFile,
  manifestTexts,
  readManifest,
  readTexts,
  shownTexts,
} from '../../scripts/strings.ts';

interface Command {
  readonly command: string;
  readonly title: string;
}

const { commands } = readManifest().contributes as { readonly commands: readonly Command[] };
const shown = readTexts(bundleFile('de'));
const manifest = readTexts(manifestFile('de'));
const pairs = [...Object.entries(shown), ...Object.entries(manifest)];

/** Titles of commands without the mark that they ask for more, as sentences name them. */
const plain = (title: string): string => title.replace(/…$/, '');
const titles = new Map(commands.map(({ title }) => [plain(title), plain(manifest[title] ?? '')]));

/** What stands in a text and must stand in its translation as it is, in any order. */
const KEPT: Readonly<Record<string, RegExp>> = {
  placeholders: /\{\w+\}/g,
  'code spans': /`[^`]+`/g,
  'targets of links': /\]\([^)]+\)/g,
  addresses: /https?:\/\/[^\s)`,;]*[\w/>}]/g,
  'names with periods': /(?<![\w.])[a-z]\w*(?:\.\w+)+/gi,
  'names of settings': /\b[a-z]+[A-Z]\w*\b/g,
  'names with underscores': /\b\w+_\w+\b/g,
  'values in quotes': /"(?:[a-z]\w*|\{[a-z]\w*\})"/g,
  'places to fill in': /<[^<>]+>/g,
  specifications: /RFC \d+|\b(?:GRANT|ALTER|CREATE|SHOW) [A-Z ]+\b/g,
};

const found = (text: string, pattern: RegExp): readonly string[] => [...new Set(text.match(pattern))].toSorted();

/** The same in both languages: names, addresses, and what is made of its parts alone. */
const SAME: ReadonlySet<string> = new Set([
  'Data Passport',
  'Token',
  'Code',
  'Detail: {0}',
  '{0}',
  '{0}: {1}',
  '{0} min',
  'http://127.0.0.1:…/callback?code=…&state=…',
  'Prompt',
  'Domain',
  'Realm',
  'Region',
  'Subdomain',
  'Host',
  'Integration',
  'Port',
  'Bytes',
  'Cluster',
  'Pool',
  'Format',
  'Warehouse',
  'Schema',
  'Header',
  'App',
  'Installation',
  'Repository',
  'Server',
  'Scopes',
  'Variable',
  'OpenID Connect',
  'OAuth 2.0',
  'Okta',
  'Microsoft Entra ID',
  'Google',
  'Auth0',
  'Keycloak',
  'Amazon Cognito',
  'PingOne',
  'PingFederate',
  'OneLogin',
  'JumpCloud',
  'Duo Single Sign-On',
  'Snowflake',
  'Databricks',
  'PostgreSQL',
  'rds',
  'redshift',
  'redshiftServerless',
]);

/** Words that English can hardly do without and German does not have. */
const ENGLISH =
  /\b(?:the|and|of|is|are|your|you|with|that|this|from|which|it|its|be|can|has|have|not|for|at|by|or|to)\b/;
/** What may be English in a German text: code, names of the other side's pages, statements, what is to be filled in. */
const QUOTED = /`[^`]*`|„[^“]*“|"[^"]*"|\([^)]*\)(?=\])|\]\([^)]*\)|<[^>]*>|https?:\S+|[\w-]*[._/-][\w./-]*/g;

/** Other words for what docs/translating.md has a word for. */
const NOT_OUR_WORDS =
  /\b(?:Login|einloggen|ausloggen|Access[- ]Token|Refresh[- ]Token|Aktualisierungs-Token|Zugriffs-Token|Identity Provider|Audience|Issuer|Anspruch|Ansprüche|Redirect[- ]URI|Bereich|Client[- ]Secret|Credentials|Werkzeug|Verzeichnisdienst)\b/;

test('there is a German translation of the user interface and of the manifest', () => {
  assert.ok(languages().includes('de'));
});

for (const language of languages()) {
  test(`every text has a translation (${language}), and no translation is of a text that is gone`, () => {
    const none = { missing: [], left: [] };
    const [bundle, nls] = [bundleFile(language), manifestFile(language)];
    assert.deepEqual(gaps(bundle, shownTexts()), { file: bundle, ...none });
    assert.deepEqual(gaps(nls, manifestTexts()), { file: nls, ...none });
  });

  test(`the translations (${language}) are what the editor reads: text to text, none of them empty`, () => {
    for (const file of [bundleFile(language), manifestFile(language)])
      for (const [text, translation] of Object.entries(readTexts(file))) {
        assert.equal(typeof translation, 'string', text);
        assert.equal(translation.trim(), translation, text);
        assert.notEqual(translation, '', text);
      }
  });

  for (const [what, pattern] of Object.entries(KEPT))
    test(`every translation (${language}) keeps ${what} as they are`, () => {
      for (const file of [bundleFile(language), manifestFile(language)])
        for (const [text, translation] of Object.entries(readTexts(file)))
          assert.deepEqual(found(translation, pattern), found(text, pattern), translation);
    });
}

describe('A German text', () => {
  test('names a command as the German command palette does, in German quotation marks', () => {
    const named = /Data Passport: ([^"“”]+?)(?=["“])/g;
    for (const [text, translation] of pairs) {
      const expected = [...text.matchAll(named)].map(([, title = '']) => titles.get(title));
      const actual = [...translation.matchAll(named)].map(([, title]) => title);
      assert.deepEqual(actual, expected, translation);
      for (const title of actual) assert.ok(translation.includes(`„Data Passport: ${title}“`), translation);
    }
  });

  test('names the command of the editor itself as the German editor does', () => {
    const english = '"Preferences: Open User Settings (JSON)"';
    const german = '„Einstellungen: Benutzereinstellungen öffnen (JSON)“';
    const naming = pairs.filter(([text]) => text.includes(english));
    assert.deepEqual([naming.length, naming.every(([, translation]) => translation.includes(german))], [1, true]);
  });

  test('calls a link or a button that runs a command as the command is called', () => {
    for (const [text, translation] of pairs) {
      const links = [...text.matchAll(/\[([^\]]+)\]\(command:/g)].map(([, label = '']) => titles.get(label));
      const german = [...translation.matchAll(/\[([^\]]+)\]\(command:/g)].map(([, label]) => label);
      for (const [index, label] of links.entries()) if (label !== undefined) assert.equal(german[index], label);
      const command = titles.get(plain(text));
      if (command !== undefined) assert.equal(plain(translation), command);
    }
  });

  test('is the same for one English text, wherever that stands', () => {
    for (const [text, translation] of Object.entries(manifest)) assert.equal(shown[text] ?? translation, translation);
  });

  test('is in German', () => {
    const same = pairs.filter(([text, translation]) => text === translation).map(([text]) => text);
    assert.deepEqual(new Set(same), SAME);
    for (const [, translation] of pairs) assert.doesNotMatch(translation.replaceAll(QUOTED, ' '), ENGLISH);
  });

  test('ends as the English one if that is a sentence, and opens and closes its quotation marks', () => {
    const end = (text: string): string => /[.?:…]$/.exec(text)?.[0] ?? '';
    for (const [text, translation] of pairs) {
      if (/^[A-Z{"]/.test(text)) assert.equal(end(translation), end(text), translation);
      assert.match(translation, /^[^„“]*(?:„[^„“]*“[^„“]*)*$/);
    }
  });

  test('uses one word for one thing', () => {
    for (const [, translation] of pairs) assert.doesNotMatch(translation.replaceAll(QUOTED, ' '), NOT_OUR_WORDS);
  });
});
