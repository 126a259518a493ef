import * as z from 'zod/mini';

import { credential } from '../core/credential.ts';
import { type SecretField, tokenSource } from './source.ts';
import { storedSecret } from './storedSecret.ts';

const field: SecretField = { name: 'token', title: 'personal access token', kind: 'token', required: true };

/**
 * A token that a person made at the other side and entered here once, such as a programmatic access token of Snowflake
 * (https://docs.snowflake.com/en/user-guide/programmatic-access-tokens). It is kept in the secret storage and sent as it is.
 * When it is rejected there is none to mint: see {@link storedSecret}.
 */
export const personalAccessToken = tokenSource<Record<string, never>>({
  label: 'Personal access token',
  about: 'A token that you made for yourself at the system and enter here once.',
  specification: {
    title: 'Snowflake: programmatic access tokens',
    url: 'https://docs.snowflake.com/en/user-guide/programmatic-access-tokens',
  },
  settings: () => z.strictObject({}),
  from: 'own',
  runsAs: () => 'user',
  kinds: ['personalAccessToken'],
  gives: () => 'personalAccessToken',
  wants: () => ({ scopes: [] }),
  secrets: () => [field],
  async mint(request) {
    const { id, value, expiresAt } = await storedSecret(request, field);
    return credential({ kind: 'personalAccessToken', token: value }, { id, expiresAt });
  },
});
