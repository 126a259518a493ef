import { fillFromClaims } from '../../core/claimTemplate.ts';
import type { Connection } from '../../core/connection.ts';
import { type Credential, tokenOf } from '../../core/credential.ts';
import { asPassportError, PassportError } from '../../core/errors.ts';
import { type Claims, decodeJwt } from '../../core/jwt.ts';
import { nobody } from '../credentials.ts';
import { type Slot, slotsOf } from '../slots.ts';
import { broken, type CheckContext, type DoctorLink, type Finding, NO_SIGN_IN, notChecked, ok } from './link.ts';

export const signedInLink: DoctorLink = {
  id: 'signedIn',
  title: 'Sign-in',
  seconds: 5,
  async check({ connection: { runAs }, session, notes }) {
    if (!session) return notChecked(NO_SIGN_IN);
    const signIn = session.signIn(runAs);
    if (!signIn) return broken(nobody(session, runAs));
    const account = session.state.accounts.find(({ subject }) => subject === signIn.subject);
    const label = account?.label ?? signIn.subject;
    for (const name of [label, signIn.subject]) notes.people.add(name);
    return ok(`You are signed in at ${session.provider.title} as ${label}.`);
  },
};

export const tokenLink: DoctorLink = { id: 'token', title: 'Token', seconds: 90, check: token };

export const claimsLink: DoctorLink = { id: 'claims', title: 'What the token says', seconds: 10, check: claims };

async function token({ connection, deps, notes, signal }: CheckContext): Promise<Finding> {
  const facts: string[] = [];
  for (const slot of slotsOf(connection, deps)) {
    try {
      const credential = await deps.credentials.get(connection, slot.name, { signal });
      notes.credentials.set(slot.name, credential);
      facts.push(grantedFact(slot, credential));
      notesOf(credential, slot, notes);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asPassportError(thrown);
      // It was granted; what is wrong with it is for the next link to say.
      if (error.code !== 'DP-TOKEN-CLAIM') return { ...broken(error), facts };
      notes.wrongClaim = error;
      facts.push(`One was granted (${slot.source.label}).`);
    }
  }
  return ok(...facts);
}

function grantedFact({ source }: Slot, { expiresAt }: Credential): string {
  return `There is one (${source.label}), ${expiresAt ? `good until ${expiresAt.toISOString()}` : 'of unknown end'}.`;
}

/** What the token says of itself, for fixes: of the user's own, where there are two. */
function notesOf(credential: Credential, { setting }: Slot, { known, people }: CheckContext['notes']): void {
  const claims = claimsOf(credential);
  const { iss, aud, sub, upn, email, preferred_username: name } = claims ?? {};
  for (const person of [sub, upn, email, name]) if (typeof person === 'string') people.add(person);
  if (!claims || setting !== 'token') return;
  const user = [name, upn, email, sub].find((value) => typeof value === 'string');
  const audience = [aud].flat().filter((value) => typeof value === 'string');
  const facts = { tokenIssuer: iss, tokenAudience: audience.join(' ') || undefined, tokenUser: user };
  for (const [key, value] of Object.entries(facts)) if (typeof value === 'string') known[key] = value.slice(0, 300);
}

function claimsOf(credential: Credential): Claims | undefined {
  const text = tokenOf(credential.reveal());
  return text === undefined ? undefined : decodeJwt(text)?.claims;
}

async function claims(context: CheckContext): Promise<Finding> {
  const { connection, session, deps, notes } = context;
  if (notes.wrongClaim) return broken(notes.wrongClaim);
  const { checkClaims, scopesIn } = await import('../../tokens/claims.ts');
  const facts: string[] = [];
  for (const slot of slotsOf(connection, deps)) {
    const credential = notes.credentials.get(slot.name);
    const said = credential && claimsOf(credential);
    if (!said) continue;
    const { need, choice, source, setting } = slot;
    const signIn = session?.signIn(connection.runAs);
    const expected = source.expects?.({ settings: choice.settings, need, signIn }) ?? { scopes: [] };
    const path = `dataPassport.connections.${connection.id}.${setting}`;
    const wants = { ...expected, connection: connection.id, path };
    // The provider's clock counts as well as ours: a token is condemned for its times only where both agree.
    const now = deps.clock.now();
    const judged = [now, now + (notes.ahead ?? 0)].map((time) => () => checkClaims(said, { ...wants, now: time }));
    const objection = objectionOf(judged);
    if (objection) return broken(objection);
    const wrong = setting === 'token' ? (RULES[connection.type] ?? anything)(connection, said, notes.known) : undefined;
    if (wrong) return broken(wrong);
    facts.push(sayings(said, scopesIn(said).scopes));
  }
  if (facts.length > 0) return ok(...facts);
  return notChecked('The token is opaque, or no token at all: only the system that issued it can read it.');
}

/** What all of them object to; undefined where one of them does not. */
function objectionOf(checks: readonly (() => void)[]): PassportError | undefined {
  let objection: PassportError | undefined;
  for (const check of checks) {
    try {
      check();
      return undefined;
    } catch (thrown) {
      objection ??= asPassportError(thrown);
    }
  }
  return objection;
}

function sayings({ iss, aud }: Claims, scopes: readonly string[] | undefined): string {
  const shown = (value: unknown): string => (value === undefined ? '(none)' : JSON.stringify(value).slice(0, 200));
  return `Issuer ${shown(iss)}, audience ${shown(aud)}, scopes ${scopes?.join(' ').slice(0, 300) || '(none)'}.`;
}

type Rule = (connection: Connection, claims: Claims, known: Record<string, string>) => PassportError | undefined;

const anything: Rule = () => undefined;

/** What the type of a connection wants of the claims beyond what was asked for. By the key of the table of connectors. */
const RULES: Readonly<Record<string, Rule>> = {
  postgres({ id, settings }, claims, known) {
    const { user } = settings as { readonly user: string };
    const filled = fillFromClaims(user, claims);
    if ('text' in filled) {
      known['login'] = filled.text;
      return undefined;
    }
    const path = `dataPassport.connections.${id}.user`;
    return new PassportError('DP-SETTING-INVALID', { path, problem: `the token has no claim ${filled.missing}` });
  },
};
