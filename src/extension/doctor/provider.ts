import { asPassportError, type ErrorCode, PassportError } from '../../core/errors.ts';
import { suitableFlows } from '../../identity/flows/suitable.ts';
import type { ProviderDescription } from '../../identity/presets/preset.ts';
import { slotsOf } from '../slots.ts';
import { broken, type CheckContext, type DoctorLink, type Finding, NO_SIGN_IN, notChecked, ok } from './link.ts';

export const discoveryLink: DoctorLink = {
  id: 'discovery',
  title: 'Identity provider',
  seconds: 30,
  check: discovery,
};

export const clockLink: DoctorLink = { id: 'clock', title: 'Clock of this machine', seconds: 5, check: clock };

export const clientLink: DoctorLink = { id: 'client', title: 'Client and redirect URI', seconds: 15, check: client };

async function discovery(context: CheckContext): Promise<Finding> {
  const { session, deps, notes, signal } = context;
  if (!session) return notChecked(NO_SIGN_IN);
  const { provider } = session;
  if (provider.metadata) return notChecked('The provider publishes no metadata; its addresses are known.');
  const { inspectProvider } = await import('../../identity/inspection.ts');
  try {
    const { tokenHost, ahead } = await inspectProvider(provider, { ...deps, signal });
    notes.ahead = ahead;
    return ok(`${provider.issuer} answers as itself.`, ...(tokenHost ? [`Tokens come from ${tokenHost}.`] : []));
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asPassportError(thrown);
    const until = atHand(context);
    if (until !== undefined)
      return notChecked(
        `It can not be asked now: ${error.message} The token at hand is good ${until}, so this is not what stops the connection.`,
      );
    return broken(error, placeOf(provider));
  }
}

/** Until when the credentials at hand are good, where all that come from the sign-in are. */
function atHand({ connection, session, deps }: CheckContext): string | undefined {
  if (!session?.signIn(connection.runAs)) return undefined;
  const slots = slotsOf(connection, deps).filter(({ source }) => source.from === 'signIn');
  const soon = deps.clock.now() + 60_000;
  let first: number | undefined;
  for (const { name } of slots) {
    const held = deps.credentials.peek(connection, name);
    const end = held?.expiresAt?.getTime() ?? Infinity;
    if (!held || end <= soon) return undefined;
    first = Math.min(first ?? Infinity, end);
  }
  if (first === undefined) return undefined;
  return first === Infinity ? 'until it is rejected' : `until ${new Date(first).toISOString()}`;
}

/** Milliseconds that clocks may differ by. */
const LEEWAY = 60_000;

/** The provider's time is in each of its answers. A clock that is behind breaks a sign-in; tokens at hand are counted from their receipt. */
async function clock({ connection, session, notes }: CheckContext): Promise<Finding> {
  const { ahead } = notes;
  if (!session) return notChecked(NO_SIGN_IN);
  if (ahead === undefined) return notChecked('The identity provider told no time.');
  const minutes = String(Math.round(Math.abs(ahead) / 60_000));
  if (Math.abs(ahead) <= LEEWAY) return ok('It agrees with that of the identity provider.');
  const { title } = session.provider;
  const direction = ahead > 0 ? 'behind' : 'ahead';
  // Only an ID token says when it was issued, and only from the future is that refused.
  const breaksSignIn = ahead > 0 && session.provider.account.from === 'idToken';
  if (breaksSignIn && !session.signIn(connection.runAs))
    return broken(new PassportError('DP-CLOCK', { provider: title, minutes, direction }));
  return ok(`It is ${minutes} minutes ${direction} of that of ${title}, which a sign-in can do with.`);
}

/** Failures of a sign-in that speak of the client and what is registered for it. */
const ABOUT_THE_CLIENT: ReadonlySet<ErrorCode> = new Set([
  'DP-SIGN-IN-REFUSED',
  'DP-SIGN-IN-RESPONSE',
  'DP-SIGN-IN-FLOW',
  'DP-SIGN-IN-PORTS',
  'DP-PROVIDER-REFUSED',
  'DP-CLOCK',
]);

/** A clock that is right by now is to blame for nothing. */
function isStanding({ code }: PassportError, ahead = 0): boolean {
  return ABOUT_THE_CLIENT.has(code) && (code !== 'DP-CLOCK' || Math.abs(ahead) > LEEWAY);
}

async function client({ connection, session, deps, notes }: CheckContext): Promise<Finding> {
  if (!session) return notChecked(NO_SIGN_IN);
  const { provider } = session;
  const { clientAuthentication, title, clientId, id } = provider;
  const wantsSecret = clientAuthentication.kind === 'secret' && clientAuthentication.known === undefined;
  if (wantsSecret && !(await deps.hasClientSecret(id)))
    return broken(new PassportError('DP-CLIENT-SECRET', { provider: title }));
  const secret = wantsSecret ? ['The client secret is stored.'] : [];
  if (session.signIn(connection.runAs)) return ok(...secret, 'The sign-in at hand came through this client.');
  const failure = deps.signInFailure(session);
  if (failure && isStanding(failure, notes.ahead))
    return {
      ...broken(failure, placeOf(provider)),
      facts: [...secret, 'This is what the last sign-in came to. If it has been mended since, sign in again.'],
    };
  if (suitableFlows(deps.host.place, provider).length === 0) {
    const path = `dataPassport.identityProviders.${id}.flow`;
    return broken(
      new PassportError('DP-SIGN-IN-FLOW', {
        provider: title,
        flow: 'way of signing in that works here',
        path,
        clientId,
      }),
    );
  }
  const uri = notes.known['redirectUri'] ?? '';
  const last = failure ? ` The last sign-in came to nothing: ${failure.message} ${failure.fix}` : '';
  return notChecked(
    `Whether ${uri} is registered for the client ${clientId} shows in the browser alone, when you sign in.${last} The command "Data Passport: Show What To Register" lists what the administrator needs.`,
  );
}

/** Where a provider is, to be named in fixes in place of the database. */
function placeOf({ issuer }: ProviderDescription): Readonly<Record<string, string>> {
  const { hostname, port, protocol } = new URL(issuer);
  const place = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  return { host: place, place, hostName: hostname };
}
