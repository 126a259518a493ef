import { filled } from '../../core/errors.ts';
import { untranslated } from '../../core/told.ts';
import type { FlowHost, Outcome } from './flow.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --paper: #f6f8fa; --card: #fff; --line: #d1d9e0; --good: #1a7f37; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #f0f6fc; --soft: #9198a1; --paper: #0d1117; --card: #151b23; --line: #3d444d; --good: #3fb950; --bad: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { width: min(30rem, calc(100vw - 2rem)); padding: 2.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.mark { display: grid; place-items: center; width: 3rem; height: 3rem; border-radius: 50%; color: #fff; background: var(--good); }
.bad .mark { background: var(--bad); }
h1 { margin: 1.25rem 0 .5rem; font-size: 1.375rem; line-height: 1.3; font-weight: 600; }
p { margin: 0 0 .75rem; color: var(--soft); overflow-wrap: anywhere; }
footer { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }
`;

const CHECK = '<path d="M5 13l4 4L19 7"/>';
const CROSS = '<path d="M6 6l12 12M18 6L6 18"/>';

/** Nothing here loads, runs or sends anything (RFC 9700 section 4.2: no referrer, no caching). */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** What the pages say. */
export const PAGE_TEXTS = {
  failed: 'You are not signed in',
  signedIn: 'You are signed in as {account}',
  confirmed: '{provider} confirmed who you are. You can close this tab and go back to the editor.',
  asked: 'You logged in as {account}',
  goBack: 'Go back to the editor: someone else is signed in there, and it asks what to do.',
  stale: 'This sign-in is no longer waiting',
  again:
    'It was finished, canceled, or replaced by a newer one. Go back to the editor and sign in again if you need to.',
} as const;

/** The pages that a browser ends at, whole. */
export interface Pages {
  outcome(outcome: Outcome): string;
  /** For a redirect that belongs to no sign-in, or to one that a newer one replaced. */
  readonly stale: string;
}

export function pagesIn({
  language = 'en',
  translated = untranslated,
}: Pick<FlowHost, 'language' | 'translated'>): Pages {
  const isTranslated = translated(PAGE_TEXTS.stale) !== PAGE_TEXTS.stale;
  const page = pageIn(isTranslated ? language : 'en');
  const say = (text: keyof typeof PAGE_TEXTS, params: Readonly<Record<string, string>> = {}): string =>
    filled(translated(PAGE_TEXTS[text]), params);
  return {
    outcome(outcome) {
      if (outcome.kind === 'failed')
        return page({ good: false, title: say('failed'), lines: [outcome.message, outcome.fix] });
      const { account, provider } = outcome;
      return outcome.kind === 'signedIn'
        ? page({ good: true, title: say('signedIn', { account }), lines: [say('confirmed', { provider })] })
        : page({ good: true, title: say('asked', { account }), lines: [say('goBack')] });
    },
    stale: page({ good: false, title: say('stale'), lines: [say('again')] }),
  };
}

interface Content {
  readonly good: boolean;
  readonly title: string;
  readonly lines: readonly string[];
}

const pageIn =
  (language: string) =>
  ({ good, title, lines }: Content): string =>
    `<!doctype html>
<html lang="${escape(language)}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Data Passport: ${escape(title)}</title><style>${STYLE}</style></head>
<body class="${good ? 'good' : 'bad'}"><main>
<div class="mark" aria-hidden="true"><svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round">${good ? CHECK : CROSS}</svg></div>
<h1>${escape(title)}</h1>
${lines.map((line) => `<p>${escape(line)}</p>`).join('\n')}
<footer>Data Passport</footer>
</main></body></html>`;

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
