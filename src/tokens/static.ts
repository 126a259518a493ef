import * as z from 'zod/mini';

import { credential } from '../core/credential.ts';
import { type SecretField, tokenSource } from './source.ts';
import { storedSecret } from './storedSecret.ts';

const settings = () =>
  z.strictObject({
    user: z.optional(
      z
        .string()
        .check(
          z.minLength(1),
          z.describe(
            'User that the secret is the password of. Without it the secret is sent as a bearer token. Everyone who uses this user and its password is the same person to the system.',
          ),
        ),
    ),
  });

type Settings = z.output<ReturnType<typeof settings>>;

const fieldFor = ({ user }: Settings): SecretField => ({
  name: 'secret',
  title: 'secret',
  kind: user === undefined ? 'token' : 'password',
  required: true,
});

/**
 * One secret for everybody: a bearer token (RFC 6750) or, where the settings name a user, that user's password.
 *
 * Everyone who uses it is the same to the other side: its rules for single people do not hold, and its records do not tell who
 * asked. It is kept in the secret storage and sent as it is. When it is rejected there is none to mint: see {@link storedSecret}.
 */
export const staticSecret = tokenSource<Settings>({
  label: 'Shared secret',
  about: 'A token or password that you enter once. Everyone who uses it is the same to the system.',
  specification: { title: 'RFC 6750', url: 'https://www.rfc-editor.org/rfc/rfc6750' },
  settings,
  from: 'own',
  runsAs: () => 'shared',
  kinds: ['bearer', 'password'],
  gives: ({ user }) => (user === undefined ? 'bearer' : 'password'),
  leadsTo: { user: 'password' },
  wants: () => ({ scopes: [] }),
  secrets: (own) => [fieldFor(own)],
  async mint(request) {
    const { user } = request.settings;
    const { id, value, expiresAt } = await storedSecret(request, fieldFor(request.settings));
    const fields =
      user === undefined
        ? ({ kind: 'bearer', token: value } as const)
        : ({ kind: 'password', user, password: value } as const);
    return credential(fields, { id, expiresAt });
  },
});
