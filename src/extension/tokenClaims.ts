import type { Connection } from '../core/connection.ts';
import type { Credential } from '../core/credential.ts';
import type { Clock } from '../core/ports.ts';
import type { Sessions } from './sessions.ts';
import type { Slot } from './slots.ts';

/** What one credential of a connection says, beside what is expected of it, as Markdown. */
export async function tokenClaims(
  connection: Connection,
  { setting, choice, need, source }: Slot,
  { credential, sessions, clock }: { credential: Credential; sessions: Sessions; clock: Clock },
): Promise<string> {
  const { describeCredential } = await import('../tokens/describe.ts');
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
