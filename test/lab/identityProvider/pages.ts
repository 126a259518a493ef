import type { LabUser } from '../sampleData.ts';

/**
 * The pages that a person sees. No URL in them at all: a form posts to the page that it is on, so they work behind
 * a reverse proxy under any path. No script and nothing from elsewhere.
 */

const style = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --card: #fff; --page: #f2f4f7; --line: #d5dae1; --accent: #0a5c5c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa4af; --card: #1d2126; --page: #121519; --line: #363d46; --accent: #5cc8c0; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: min(26rem, calc(100vw - 2rem)); margin: 2rem 0; background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2rem; box-shadow: 0 6px 28px rgb(0 0 0 / 8%); }
.brand { display: flex; align-items: center; gap: .6rem; color: var(--soft); font-size: .95rem; }
.brand svg { width: 1.6rem; height: 1.6rem; color: var(--accent); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1.2rem 0 .3rem; }
p { margin: 0 0 1.2rem; color: var(--soft); }
button { font: inherit; color: inherit; cursor: pointer; }
.account { display: flex; align-items: center; gap: .9rem; width: 100%; text-align: left; padding: .8rem 1rem; margin: 0 0 .7rem; background: transparent; border: 1px solid var(--line); border-radius: 10px; }
.account:hover, .account:focus-visible { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: -1px; }
.avatar { flex: none; display: grid; place-items: center; width: 2.5rem; height: 2.5rem; border-radius: 50%; background: var(--accent); color: var(--card); font-weight: 600; }
.account small { display: block; color: var(--soft); }
.primary { width: 100%; padding: .7rem 1rem; border: 0; border-radius: 10px; background: var(--accent); color: var(--card); font-weight: 600; }
.plain { background: none; border: 0; padding: .4rem; color: var(--soft); text-decoration: underline; }
.code, input[type=text] { display: block; width: 100%; margin: 0 0 1rem; padding: .7rem; font: 600 1.4rem/1.2 ui-monospace, monospace; letter-spacing: .12em; text-align: center; text-transform: uppercase; border: 1px solid var(--line); border-radius: 10px; background: var(--page); color: var(--ink); }
footer { margin-top: 1.2rem; font-size: .85rem; color: var(--soft); }
ul { margin: 0 0 1.2rem; padding-left: 1.2rem; color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }`;

const shield =
  '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><path d="M12 3l7 3v5c0 5-3 8.5-7 10-4-1.5-7-5-7-10V6z"/><path d="M9 12l2.2 2.2L15.5 10"/></svg>';

export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Lab Identity Provider</title><link rel="icon" href="data:,"><style>${style}</style></head>
<body><main><div class="brand">${shield}<span>Lab Identity Provider</span></div>${body}</main></body>
</html>`;
}

export interface SignInPage {
  readonly users: readonly LabUser[];
  readonly clientName: string;
  /** What the client asked for, audiences first. */
  readonly wishes: readonly string[];
}

export function signInPage({ users, clientName, wishes }: SignInPage): string {
  const accounts = users.map(
    (user) => `<button class="account" name="user" value="${escapeHtml(user.name)}">
<span class="avatar" aria-hidden="true">${escapeHtml(user.displayName.slice(0, 1))}</span>
<span>${escapeHtml(user.displayName)}<small>${escapeHtml(user.email)}</small></span></button>`,
  );
  return page(
    'Sign in',
    `<h1>Sign in</h1><p>Choose an account to continue to <strong>${escapeHtml(clientName)}</strong>.</p>
<form method="post">${accounts.join('')}
<details><summary>What ${escapeHtml(clientName)} will be able to use</summary>
<ul>${wishes.map((wish) => `<li>${escapeHtml(wish)}</li>`).join('')}</ul></details>
<button class="plain" name="cancel" value="yes">Cancel</button></form>
<footer>Test accounts: no password needed.</footer>`,
  );
}

export interface ConsentPage extends Omit<SignInPage, 'users'> {
  readonly user: LabUser;
}

/** Comes after the choice of an account where the provider asks once more. */
export function consentPage({ user, clientName, wishes }: ConsentPage): string {
  return page(
    'Allow access',
    `<h1>Allow access?</h1><p><strong>${escapeHtml(clientName)}</strong> asks to act as ${escapeHtml(user.displayName)}.</p>
<ul>${wishes.map((wish) => `<li>${escapeHtml(wish)}</li>`).join('')}</ul>
<form method="post"><input type="hidden" name="user" value="${escapeHtml(user.name)}">
<button class="primary" name="consent" value="yes">Allow</button>
<button class="plain" name="cancel" value="yes">Cancel</button></form>`,
  );
}

export interface CodePage {
  /** Hidden fields and inputs made by the provider, without the `form` element. */
  readonly fields: string;
  readonly problem?: string;
}

export function deviceCodePage({ fields, problem }: CodePage): string {
  return page(
    'Enter code',
    `<h1>Connect a device</h1><p>${escapeHtml(problem ?? 'Enter the code that your device shows.')}</p>
<form method="post">${fields}<button class="primary">Continue</button></form>`,
  );
}

export function deviceConfirmPage(clientName: string, userCode: string, fields: string): string {
  return page(
    'Confirm device',
    `<h1>Connect ${escapeHtml(clientName)}?</h1><p>Continue only if your device shows this code.</p>
<span class="code">${escapeHtml(userCode)}</span>
<form method="post">${fields}<button class="primary">Continue</button>
<button class="plain" name="abort" value="yes">Cancel</button></form>`,
  );
}

/** Posts to `confirm` below the page's own path: the one form that does not answer to its own URL. */
export function signOutPage(fields: string): string {
  return page(
    'Sign out',
    `<h1>Sign out?</h1><p>This ends your session at the Lab Identity Provider.</p>
<form method="post" action="end/confirm">${fields}<button class="primary" name="logout" value="yes">Sign out</button>
<button class="plain">Stay signed in</button></form>`,
  );
}

export function messagePage(title: string, message: string): string {
  return page(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(message)}</p>`);
}
