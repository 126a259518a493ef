import type { CredentialFields } from '../../core/credential.ts';
import { tokenOf } from '../../core/credential.ts';

/** Characters of all header fields together: more fits through few servers. */
const MOST = 64 * 1024;

/** What is wrong with header fields, before the HTTP layer sees them: its own errors print the value. */
export function headerProblem(
  fields: Readonly<Record<string, string>>,
): { readonly header: string; readonly problem: string } | undefined {
  let size = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return { header: 'with a wrong name', problem: 'it is no field name' };
    if (value === '') return { header: name, problem: 'it is empty' };
    // RFC 9110 section 5.5, without the bytes above ASCII that it warns of.
    if (!/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value))
      return { header: name, problem: 'it has characters that no header has' };
    size += name.length + value.length;
  }
  return size > MOST ? { header: 'block', problem: `it has more than ${MOST} characters` } : undefined;
}

/** What is wrong with a token, whoever gave it: a scheme in front of nothing, or of two words, is still a header that can be sent. */
export function tokenProblem(fields: CredentialFields): string | undefined {
  const token: unknown = tokenOf(fields);
  if (typeof token !== 'string') return 'it is not a string';
  if (token === '') return 'it is empty';
  return /^[\x21-\x7e]+$/.test(token) ? undefined : 'it has characters that no token has';
}
