import { timingSafeEqual } from 'node:crypto';

import { isLoopback } from '../../core/connection.ts';
import { PassportError } from '../../core/errors.ts';
import type { ProviderDescription } from '../presets/preset.ts';

/** Parameters of an authorization response: RFC 6749 section 4.1.2, RFC 9207, OpenID Connect Session Management section 2. */
const RESPONSE = new Set(['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']);

/** What a redirect is to the try that waits. */
export type Verdict = 'answer' | 'malformed' | 'otherState';

/** RFC 6749 section 3.1: no parameter twice. Section 4.1.2: a code or an error, never both; RFC 9700 section 4.7: the state of this very try. */
export function judge(parameters: URLSearchParams, expected: string | undefined): Verdict {
  const names = [...parameters.keys()];
  const clean = new Set(names).size === names.length && parameters.has('code') !== parameters.has('error');
  if (!clean) return 'malformed';
  const state = parameters.get('state');
  return state !== null && expected !== undefined && sameText(state, expected) ? 'answer' : 'otherState';
}

/** What the provider said, without what others added on the way. */
export function responseOf(parameters: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...parameters].filter(([name]) => RESPONSE.has(name)));
}

/** Compares in constant time. */
export function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * An address from the provider that a browser may be sent to: https, and http on this machine only. Never a script, a file, or a program's own scheme.
 * @throws PassportError DP-SIGN-IN-RESPONSE
 */
export function openable(address: string, description: ProviderDescription): string {
  const url = URL.parse(address);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url.href;
  throw new PassportError('DP-SIGN-IN-RESPONSE', {
    provider: description.title,
    check: 'the page to log in at has no https address',
    path: settingsPath(description),
  });
}

export function settingsPath({ id }: ProviderDescription): string {
  return `dataPassport.identityProviders.${id}`;
}
