import * as z from 'zod/mini';

import type { CredentialFields, CredentialKind } from '../../core/credential.ts';
import { tokenOf } from '../../core/credential.ts';
import { type Feature, FEATURES, type RemoteServer } from './server.ts';

/** Every kind that is sent as one piece. */
export const TOKEN_KINDS: readonly CredentialKind[] = [
  'bearer',
  'personalAccessToken',
  'keyPairJwt',
  'endpointToken',
  'installation',
];

/** What fits the results of a remote server: an agent behind a tool takes its time. */
export const MCP_LIMITS = { bytes: 1_000_000, seconds: 600 } as const;

const usual: Feature[] = ['resources', 'prompts', 'completions', 'logging'];

/** Settings of every remote MCP server. */
export const relaySettings = () => ({
  allow: z
    ._default(z.array(z.enum(FEATURES)), usual)
    .check(
      z.describe(
        'What the server may offer beside tools (`resources`, `prompts`, `completions`, `logging`) and ask of you and the editor (`elicitation`: questions to you, `sampling`: the language model, `roots`: your workspace folders).',
      ),
    ),
  newTools: z
    ._default(z.enum(['allow', 'ask']), 'allow')
    .check(
      z.describe(
        '`ask`: a tool that the server did not have before is withheld until you have seen it. A tool that changes is always withheld until then.',
      ),
    ),
  trusted: z
    ._default(z.boolean(), false)
    .check(
      z.describe(
        'The server is run by people whom you trust like yourself: its texts pass as they are, its tools may change without a word, and its word counts that a tool only reads.',
      ),
    ),
});

export interface RelaySettings {
  readonly allow: readonly Feature[];
  readonly newTools: 'allow' | 'ask';
  readonly trusted: boolean;
}

export function relayRules({ allow, newTools, trusted }: RelaySettings): Omit<RemoteServer, 'reach'> {
  return { allow, newTools, trusted };
}

/** The token of a credential that comes in one piece; what comes in several has no place in a header. */
export function oneToken(fields: CredentialFields | undefined): string {
  return (fields && tokenOf(fields)) ?? '';
}

/** `Authorization: Bearer` (RFC 6750 section 2.1), where there is a credential. */
export function bearer(fields: CredentialFields | undefined): Readonly<Record<string, string>> {
  return fields ? { authorization: `Bearer ${oneToken(fields)}` } : {};
}
