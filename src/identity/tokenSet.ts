import * as oidc from 'openid-client';

import { PassportError } from '../core/errors.ts';
import { decodeJwt } from '../core/jwt.ts';
import { accountLabel, checkIdClaims, type IdClaims } from './idToken.ts';
import type { ProviderDescription } from './presets/preset.ts';

/** What a token endpoint gave, times made absolute at receipt. */
export interface TokenSet {
  readonly accessToken: string;
  readonly expiresAt: Date | undefined;
  /** Absent when the provider did not give a (new) one: the old one stays good (RFC 6749 section 6). */
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[] | undefined;
  /** Checked; many providers give none on refresh. */
  readonly idToken: { readonly token: string; readonly expiresAt: Date | undefined } | undefined;
  /** Absent where the answer does not say who it is for (many do not on refresh). */
  readonly account: Account | undefined;
}

/** Who signed in, as the provider says it. */
export interface Account {
  readonly subject: string;
  readonly label: string;
  readonly name?: string | undefined;
}

/** Seconds. */
const CENTURY = 3_155_760_000;

export type Answer = Awaited<ReturnType<typeof oidc.refreshTokenGrant>>;

export interface AnswerContext {
  readonly description: ProviderDescription;
  readonly config: oidc.Configuration;
  /** Settings path of the issuer. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds by which the provider's clock is ahead. */
  readonly ahead: number;
  /** Who it must be for, when a sign-in is renewed. */
  readonly subject?: string | undefined;
}

/** Reads a token answer and checks who it is for. @throws PassportError DP-SIGN-IN-RESPONSE, DP-SIGN-IN-OTHER-USER, DP-CLOCK */
export async function tokenSetOf(answer: Answer, context: AnswerContext): Promise<TokenSet> {
  const { now, subject, description, path } = context;
  // A DPoP token sent as a bearer token would be refused, or worse, taken (RFC 9449 section 7.1).
  if (answer.token_type !== 'bearer')
    throw new PassportError('DP-SIGN-IN-RESPONSE', { provider: description.title, path, check: 'token_type' });
  const account = await accountOf(answer, context);
  if (subject !== undefined && account !== undefined && account.subject !== subject) {
    throw new PassportError('DP-SIGN-IN-OTHER-USER', { provider: description.title });
  }
  const seconds = answer.expires_in;
  return {
    accessToken: answer.access_token,
    // A life of nothing, or of centuries, says nothing: used until it is rejected.
    expiresAt: seconds === undefined || seconds <= 0 || seconds > CENTURY ? undefined : new Date(now + seconds * 1000),
    refreshToken: answer.refresh_token,
    scopes: answer.scope?.split(' '),
    idToken: idTokenOf(answer, context),
    account,
  };
}

/** Only where its claims are checked: where it is what says who signed in. */
function idTokenOf({ id_token: token }: Answer, { description, ahead }: AnswerContext): TokenSet['idToken'] {
  if (token === undefined || description.account.from !== 'idToken') return undefined;
  const exp = decodeJwt(token)?.claims['exp'];
  // `exp` is the provider's time, and ours may differ.
  return { token, expiresAt: typeof exp === 'number' ? new Date(exp * 1000 - ahead) : undefined };
}

async function accountOf(answer: Answer, context: AnswerContext): Promise<Account | undefined> {
  const { description } = context;
  const source = description.account;
  const signingIn = context.subject === undefined;
  switch (source.from) {
    case 'idToken': {
      const claims = answer.claims() as IdClaims | undefined;
      if (!claims || answer.id_token === undefined) return undefined;
      const { path, now, ahead, subject } = context;
      const expected = { path, now: now / 1000, ahead: ahead / 1000, subject };
      const { title: provider } = description;
      const algorithm = algorithmOf(answer.id_token);
      await checkIdClaims(claims, { ...expected, provider, algorithm, accessToken: answer.access_token });
      return account(claims.sub, signingIn ? { ...(await moreOf(answer, claims, context)), ...claims } : claims);
    }
    case 'accessToken': {
      const claims = decodeJwt(answer.access_token)?.claims ?? {};
      return named(claims, source);
    }
    case 'response': {
      const value = answer[source.field];
      return typeof value === 'string' && value !== '' ? { subject: value, label: value } : undefined;
    }
    case 'userInfo':
      break;
  }
  return signingIn ? named(await plainUserInfo(answer, context), source) : undefined;
}

/**
 * Claims of the user-info endpoint, where the ID token names nobody and the access token at hand is one for it: never a database's.
 * OpenID Connect Core section 5.3.2: its `sub` must be that of the ID token.
 */
async function moreOf(answer: Answer, claims: IdClaims, context: AnswerContext): Promise<object> {
  const { config } = context;
  const scopes = answer.scope?.split(' ') ?? context.description.scopes;
  const isForIt = scopes.includes('openid') && config.serverMetadata().userinfo_endpoint !== undefined;
  if (accountLabel(claims) !== claims.sub || !isForIt) return {};
  return userInfo(answer, context, claims.sub).catch((error: unknown) => {
    if (error instanceof PassportError) throw error;
    return {};
  });
}

async function userInfo(
  answer: Answer,
  { config, description, path }: AnswerContext,
  subject: string,
): Promise<Record<string, unknown>> {
  try {
    return await oidc.fetchUserInfo(config, answer.access_token, subject);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED'))
      throw error;
    const check = 'sub of the user-info endpoint';
    throw new PassportError('DP-SIGN-IN-RESPONSE', { provider: description.title, path, check }, { cause: error });
  }
}

/** OAuth 2.0 alone has no rule for what such an endpoint says, so there is no `sub` to compare. */
async function plainUserInfo(answer: Answer, { config }: AnswerContext): Promise<Record<string, unknown>> {
  const endpoint = config.serverMetadata().userinfo_endpoint;
  if (endpoint === undefined) return {};
  const response = await oidc.fetchProtectedResource(config, answer.access_token, new URL(endpoint), 'GET');
  const fields: unknown = response.ok ? await response.json() : undefined;
  return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {};
}

function named(
  fields: Record<string, unknown> | object,
  source: { readonly subject: string; readonly label: readonly string[] },
): Account | undefined {
  const values = fields as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => {
    const value = values[name];
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const subject = text(source.subject);
  if (subject === undefined) return undefined;
  return { subject, label: source.label.map(text).find((label) => label !== undefined) ?? subject };
}

function account(subject: string, claims: Partial<IdClaims>): Account {
  const { name } = claims;
  return {
    subject,
    label: accountLabel({ ...claims, sub: subject }),
    name: typeof name === 'string' ? name : undefined,
  };
}

function algorithmOf(jwt: string): string {
  const algorithm = decodeJwt(jwt)?.header['alg'];
  return typeof algorithm === 'string' ? algorithm : '';
}
