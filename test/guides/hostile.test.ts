import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';

import type { Guide, GuideFacts } from '../../src/guides/guide.ts';
import { guides } from '../../src/guides/index.ts';
import { identifier, literal } from '../../src/guides/snowflake/sql.ts';
import { inComment, shellWord } from '../../src/guides/text.ts';
import { identifierName, stringValue, tokenize } from '../lab/snowflake/lexer.ts';
import { factsOf, sampleOf } from './samples.ts';

/** Words that would like to be more than a value. */
const HOSTILE: readonly string[] = [
  `x'; DROP USER alice; --`,
  `x\\'; DROP USER alice; --`,
  'x"; DROP USER alice; --',
  'x\nDROP USER alice;\n',
  'x\r\nDROP USER alice;\r',
  'x*/ DROP USER alice; /*',
  'x$$; DROP USER alice; $$',
  'x\u2028DROP USER alice;\u0085DROP USER bob;',
  '$(touch /tmp/owned) `touch /tmp/owned` && touch /tmp/owned # \\',
  "it's\\",
  '-- <user>',
];

/** Needs quotes as well, but means no harm. */
const MILD = 'a name';

/** Values that decide which text is made: every other one is replaced. */
const DECIDING: ReadonlySet<string> = new Set(['authentication', 'subject', 'kind', 'tls', 'user']);

function replaced(value: unknown, word: string, name = ''): unknown {
  if (typeof value === 'string') return DECIDING.has(name) ? value : word;
  if (Array.isArray(value)) return value.map((each) => replaced(each, word));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each, word, key)]));
}

/** The facts of a guide's sample, with one word for everything that settings, provider and token say. */
function factsWith(guide: Guide, word: string): GuideFacts {
  const facts = factsOf(sampleOf(guide));
  const { connection, token, provider } = facts;
  return {
    connection: { ...connection, id: word, title: word, settings: replaced(connection.settings, word) as object },
    token: { ...token, settings: replaced(token.settings, word) as object, audience: word, scopes: [word] },
    provider: provider && {
      ...provider,
      title: 'Provider',
      clientId: word,
      issuer: word,
      jwksUri: word,
      redirectUris: [word, word],
    },
    example: { claims: { iss: word, aud: [word], sub: word, scp: [word] }, names: ['iss', 'aud', 'sub', 'scp'] },
  } as GuideFacts;
}

/** SQL by what it does: names and values are alike, words are themselves. PostgreSQL marks those with escapes in front. */
function shapeOfSql(text: string): string {
  return tokenize(
    text.replaceAll(/\bU&(?=")|\bE(?=')|<name with[^>]+>/g, (found) => (found.startsWith('<') ? '""' : '')),
  )
    .filter(({ kind }) => kind !== 'space')
    .map(({ kind, text: token }) => (kind === 'string' || kind === 'quoted' ? kind : token))
    .join(' ');
}

/** What a shell runs, with how many arguments each. */
function shapeOfShell(text: string): string {
  const stubs = ['aws', 'gcloud', 'databricks'].map((name) => `${name}() { echo "${name} $#"; }`).join('\n');
  return execFileSync('/bin/sh', ['-eu'], { input: `${stubs}\n${text}`, encoding: 'utf8', env: { PATH: '' } });
}

const SHAPES: Partial<Record<Guide['language'], (text: string) => string>> = {
  sql: shapeOfSql,
  shellscript: shapeOfShell,
};

describe('Hostile values in set-up texts', () => {
  for (const guide of guides) {
    it(`stay values: ${guide.label}`, () => {
      const mild = guide.text(factsWith(guide, MILD));
      const shape = SHAPES[guide.language] ?? ((text: string) => text.split('\n').length);
      for (const word of HOSTILE) {
        const text = guide.text(factsWith(guide, word));
        assert.deepEqual(shape(text), shape(mild), JSON.stringify(word));
        const owned = text.split('\n').filter((line) => /^\s*DROP/i.test(line));
        // In single quotes of a shell a line break is a character like any other.
        if (guide.language !== 'shellscript') assert.deepEqual(owned, [], JSON.stringify(word));
      }
    });
  }

  it('are one name or one constant of Snowflake, and mean the same', () => {
    for (const word of HOSTILE) {
      const isShown = !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(word);
      const [name, ...moreNames] = isShown ? tokenize(identifier(word)) : [];
      const [constant, ...moreConstants] = tokenize(literal(word));
      assert.deepEqual([moreNames, moreConstants], [[], []]);
      if (isShown) assert.equal(identifierName(name?.text ?? ''), word);
      else assert.equal(identifier(word), '<name with characters that can not be shown>');
      // The lab reads no \u.
      const read = stringValue(
        (constant?.text ?? '').replaceAll(/\\u([0-9a-f]{4})/g, (_, code: string) =>
          String.fromCharCode(parseInt(code, 16)),
        ),
      );
      assert.equal(read, word);
    }
  });

  it('are left without quotes only where a name of Snowflake needs none', () => {
    assert.deepEqual(['ANALYST', 'analyst', 'My Role', 'order', 'a.b', '1st', 'DÉPART'].map(identifier), [
      'ANALYST',
      'analyst',
      '"My Role"',
      '"ORDER"',
      '"a.b"',
      '"1st"',
      '"DÉPART"',
    ]);
  });

  it('are one word of a shell', () => {
    for (const word of [...HOSTILE, '', '~', '*', '<x>', '!!']) {
      const echo = `printf %s ${shellWord(word)}`;
      assert.equal(execFileSync('/bin/sh', ['-c', echo], { encoding: 'utf8' }), word);
    }
  });

  it('are one line in a comment', () => {
    for (const word of HOSTILE) assert.equal(inComment(word).search(/[\p{Cc}\p{Zl}\p{Zp}]/u), -1);
    assert.equal(inComment('a\u202eb'), 'a b');
  });
});
