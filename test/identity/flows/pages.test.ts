import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PAGE_TEXTS, pagesIn } from '../../../src/identity/flows/pages.ts';

const signedIn = { kind: 'signedIn', account: 'alice', provider: 'Lab & Co' } as const;

/** What a person sees and a screen reader is told: the language, the heading and the paragraphs. */
function read(page: string): readonly string[] {
  const [, language = ''] = /<html lang="([^"]*)">/.exec(page) ?? [];
  const texts = [...page.matchAll(/<(h1|p)>([^<]*)<\/\1>/g)].map(([, , text = '']) => text);
  return [language, ...texts];
}

describe('The page that a browser ends at', () => {
  test('is in English where nothing is translated', () => {
    assert.deepEqual(read(pagesIn({}).outcome(signedIn)), [
      'en',
      'You are signed in as alice',
      'Lab &#38; Co confirmed who you are. You can close this tab and go back to the editor.',
    ]);
  });

  test('is in the language of the editor, and says so', () => {
    const pages = pagesIn({ language: 'xx', translated: (text) => `[${text}]` });
    assert.deepEqual(read(pages.outcome({ ...signedIn, kind: 'asked' })), [
      'xx',
      '[You logged in as alice]',
      `[${PAGE_TEXTS.goBack}]`,
    ]);
    assert.deepEqual(read(pages.stale), ['xx', `[${PAGE_TEXTS.stale}]`, `[${PAGE_TEXTS.again}]`]);
  });

  test('says that it is in English where nobody translated it to the language of the editor', () => {
    const pages = pagesIn({ language: 'xx', translated: (text) => text });
    assert.deepEqual(read(pages.stale), ['en', PAGE_TEXTS.stale, PAGE_TEXTS.again]);
  });

  test('shows an error as it is handed over, and nothing in it becomes a part of the page', () => {
    const failed = { kind: 'failed', message: 'No <b>answer</b>.', fix: 'Again.' } as const;
    assert.deepEqual(read(pagesIn({}).outcome(failed)), [
      'en',
      'You are not signed in',
      'No &#60;b&#62;answer&#60;/b&#62;.',
      'Again.',
    ]);
  });

  test('fills its texts once: a name that looks like a template stays', () => {
    const [, heading] = read(pagesIn({}).outcome({ ...signedIn, account: '{provider}' }));
    assert.equal(heading, 'You are signed in as {provider}');
  });
});
