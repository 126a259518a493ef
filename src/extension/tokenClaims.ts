import type { Connection } from '../core/connection.ts';
import type { Credential } from '../core/credential.ts';
import type { Clock } from '../core/ports.ts';
import { describeCredential } from '../tokens/describe.ts';
import type { Sessions } from './sessions.ts';
import type { Slot } from './slots.ts';

/** What one credential of a connection says, beside what is expected of it, as Markdown. */
export function tokenClaims(
  connection: Connection,
  { setting, choice, need, source }: Slot,
  { credential, sessions, clock }: { credential: Credential; sessions: Sessions; clock: Clock },
): string {
  const { identityProvider, runAs, title } = connection;
  const signIn = identityProvider === undefined ? undefined : sessions.get(identityProvider)?.signIn(runAs);
  return describeCredential({
    title: setting === 'token' ? title : `${title}, of the server itself`,
    source: source.label,
    credential,
    expected: source.expects?.({ settings: choice.settings, need, signIn }) ?? { scopes: [] },
    now: clock.now(),
  });
}
