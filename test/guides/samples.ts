import { readFileSync } from 'node:fs';

import { connectors } from '../../src/connectors/index.ts';
import { credential } from '../../src/core/credential.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import { guideFacts } from '../../src/extension/guides.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { slotsOf } from '../../src/extension/slots.ts';
import type { Guide, GuideFacts } from '../../src/guides/guide.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

const folder = new URL('../data/guides/', import.meta.url);
const tables = { connectors, tokenSources, presets };

/** Settings as a user writes them, and what would be found out besides. */
export interface Sample {
  readonly settings: { readonly identityProviders: object; readonly connections: object };
  /** As the provider's metadata have it. */
  readonly jwksUri?: string;
  /** Claims of a token at hand. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** File endings by language. */
export const ENDINGS = { sql: 'sql', json: 'json', plaintext: 'txt', shellscript: 'sh' } as const;

export function sampleOf({ id }: Pick<Guide, 'id'>): Sample {
  return JSON.parse(readFileSync(new URL(`${id}.json`, folder), 'utf8')) as Sample;
}

/** Where the whole text of a guide's sample is kept. */
export const expectedFile = ({ id, language }: Guide): URL => new URL(`${id}.expected.${ENDINGS[language]}`, folder);

/** The facts of the one connection of a sample, on the road of the extension. */
export function factsOf({ settings, jwksUri, claims }: Sample): GuideFacts {
  const { connections, providers, problems } = parseSettings({ ...settings, limits: undefined }, tables);
  if (problems.length > 0) throw new Error(problems.map(({ path, problem }) => `${path} ${problem}`).join('; '));
  const [connection] = connections;
  const slot = connection && slotsOf(connection, tables)[0];
  if (!slot) throw new Error('A sample has one connection');
  const description = providers.find(({ id }) => id === connection.identityProvider);
  const entry = description && (settings.identityProviders as Record<string, { preset?: string }>)[description.id];
  return guideFacts(connection, slot, {
    provider: description && {
      description,
      preset: entry?.preset ?? 'oidc',
      found: { issuer: description.issuer, jwksUri },
    },
    credential: claims && credential({ kind: 'bearer', token: unsigned(claims) }, { id: 'sample' }),
  });
}

/** A token that nobody takes. */
export function unsigned(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** What a token says, without a look at its signature. */
export function decodedClaims(token: string): Readonly<Record<string, unknown>> {
  return decodeJwt(token)?.claims ?? {};
}
