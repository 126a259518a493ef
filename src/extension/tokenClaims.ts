import type { Connection } from '../core/connection.ts';
import type { Credential } from '../core/credential.ts';
import type { Clock } from '../core/ports.ts';
import { describeCredential } from '../tokens/describe.ts';
import type { BindingTables } from './binding.ts';
import { needOf, type Sessions } from './sessions.ts';

/** What a connection's credential says, beside what is expected of it, as Markdown. */
export function tokenClaims(
  connection: Connection,
  credential: Credential,
  { sessions, connectors, tokenSources, clock }: BindingTables & { readonly sessions: Sessions; readonly clock: Clock },
): string {
  const { identityProvider, runAs, token, title } = connection;
  const source = tokenSources[token.source];
  const signIn = identityProvider === undefined ? undefined : sessions.get(identityProvider)?.signIn(runAs);
  const need = needOf(connection, connectors);
  return describeCredential({
    title,
    source: source?.label ?? token.source,
    credential,
    expected: source?.expects?.({ settings: token.settings, need, signIn }) ?? { scopes: [] },
    now: clock.now(),
  });
}
