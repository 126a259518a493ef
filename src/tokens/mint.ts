import { type Credential, secretParts } from '../core/credential.ts';
import { PassportError } from '../core/errors.ts';
import type { SignIn } from '../core/signIn.ts';
import type { MintRequest, TokenSource } from './source.ts';

/** Characters that a credential may have at most: more fits into no header. */
const LONGEST = 65_536;

/**
 * Mints and checks: whatever a source gives is a string that can be sent, and the redactor knows it before anybody uses it.
 * @throws PassportError DP-TOKEN-INVALID; whatever the source throws
 */
export async function mintCredential(
  source: TokenSource,
  name: string,
  request: MintRequest<unknown> & { readonly signIn: SignIn | undefined },
): Promise<Credential> {
  const { signIn, ...rest } = request;
  const minted = await (source.from === 'own' ? source.mint(rest) : source.mint({ ...rest, signIn: present(signIn) }));
  const { connection, path } = request;
  // A source that answers with nothing at all is as wrong as one that answers with an empty token.
  const fields = (minted as Credential | undefined)?.reveal();
  const problem = fields === undefined ? 'it is missing' : problemIn(secretParts(fields));
  if (fields === undefined || problem !== undefined) {
    const params = { source: name, connection, problem: problem ?? 'it is missing', path };
    throw new PassportError('DP-TOKEN-INVALID', params);
  }
  for (const part of Object.values(secretParts(fields))) request.ports.know(part as string);
  return minted;
}

function present(signIn: SignIn | undefined): SignIn {
  if (!signIn) throw new PassportError('DP-INTERNAL', { problem: 'a token source without its sign-in' });
  return signIn;
}

function problemIn(parts: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, value] of Object.entries(parts)) {
    const called = name === 'token' ? 'it' : `the ${name}`;
    if (typeof value !== 'string') return `${called} is not a string`;
    if (value === '') return `${called} is empty`;
    if (value.length > LONGEST) return `${called} has more than ${LONGEST} characters`;
    // Tokens travel in header fields (RFC 9110 section 5.5); a password may have a space, but nothing that ends a line or a string.
    if (name === 'token' ? !/^[\x21-\x7e]+$/.test(value) : /\p{Cc}/u.test(value))
      return `${called} has characters that no token has`;
  }
  return undefined;
}
