import { ANY, type Discontent } from '../core/credentialCache.ts';
import type { GrantedToken, SignIn } from '../core/signIn.ts';
import { checkToken } from './claims.ts';
import type { MintPorts } from './source.ts';
import { type Subject, subjectNeed } from './subject.ts';

/** Seconds that a subject token must still live, so that it does not end on the way. */
const LEAST_LIFE = 60;

/**
 * The same ahead of a credential's end. Some services copy the end of the subject token to what they issue (Databricks does),
 * so that an old one would give a successor that lives no longer.
 */
const LEAST_LIFE_AHEAD = 300;

export interface SubjectRequest {
  readonly wish: Subject;
  readonly signIn: SignIn;
  readonly connection: string;
  readonly path: string;
  readonly replaced?: Discontent | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly ports: MintPorts;
}

/**
 * The token of the sign-in that is exchanged, checked as if it were the credential itself: one that was issued for something
 * else is not sent.
 * @throws PassportError DP-TOKEN-CLAIM; whatever `SignIn.grant` and `SignIn.idToken` throw
 */
export async function subjectToken(request: SubjectRequest): Promise<string> {
  const { wish, signIn, connection, path, ports } = request;
  const { token } = await current(request);
  ports.know(token);
  const always = wish.subject === 'idToken' || signIn.subjectInAccessToken;
  checkToken(token, {
    ...subjectNeed(wish),
    issuer: signIn.expectedIssuer,
    subject: always ? signIn.subject : undefined,
    connection,
    path,
  });
  return token;
}

/**
 * After a rejection a fresh one is wanted: session, groups and roles are copied from it, and they may be what is stale. Where
 * the provider has none to give, the one at hand is as good as it was. Ids in `replaced` are of credentials, not of these.
 */
async function current({ wish, signIn, replaced, signal }: SubjectRequest): Promise<GrantedToken> {
  const ask = (discontent: Discontent): Promise<GrantedToken> =>
    wish.subject === 'idToken'
      ? signIn.idToken({ ...discontent, signal })
      : signIn.grant({ ...subjectNeed(wish), ...discontent, signal });
  const { rejected, renews, leastLife: wanted = 0 } = replaced ?? {};
  const leastLife = Math.max(wanted, renews === undefined ? LEAST_LIFE : LEAST_LIFE_AHEAD);
  if (renews === ANY) return ask({ renews, leastLife });
  const atHand = await ask({ leastLife });
  if (rejected === undefined) return atHand;
  try {
    return await ask({ renews: atHand.id });
  } catch {
    signal?.throwIfAborted();
    return atHand;
  }
}
