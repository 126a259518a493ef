import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import type { ErrorCode, ErrorFacts } from '../../src/core/errors.ts';
import { ERRORS } from '../../src/core/errorTable.ts';
import { explain, type Known, KNOWN_REFUSALS, type Party } from '../../src/core/knownRefusals.ts';
import { redactor } from '../../src/core/redact.ts';

const known: Known = {
  connection: 'sales',
  type: 'snowflake',
  host: 'lab.snowflakecomputing.com:443',
  role: 'ANALYST',
  clientId: 'data-passport',
  providerId: 'company',
  redirectUri: 'http://127.0.0.1/callback',
  scopes: 'session:role:ANALYST',
};

/** Words of the other side, as our errors carry them. */
interface Words {
  readonly code: ErrorCode;
  readonly says: string;
  readonly who: Party;
  readonly fix: RegExp;
  readonly more?: Known;
}

const refused = (says: string, who: Party, fix: RegExp): Words => ({ code: 'DP-DATABASE-REFUSED', says, who, fix });
const signIn = (says: string, who: Party, fix: RegExp): Words => ({ code: 'DP-SIGN-IN-REFUSED', says, who, fix });

const words: Readonly<Record<string, Words>> = {
  EXTERNAL_OAUTH_INVALID_SIGNATURE: refused('EXTERNAL_OAUTH_INVALID_SIGNATURE', 'system', /keys/),
  EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_FOUND: refused(
    'EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_FOUND',
    'system',
    /issuer/,
  ),
  EXTERNAL_OAUTH_MISSING_ISSUER: refused('EXTERNAL_OAUTH_MISSING_ISSUER', 'system', /issuer/),
  EXTERNAL_OAUTH_AUDIENCE_VALIDATION_FAILED: refused('EXTERNAL_OAUTH_AUDIENCE_VALIDATION_FAILED', 'system', /list/),
  EXTERNAL_OAUTH_MISSING_AUDIENCE: refused('EXTERNAL_OAUTH_MISSING_AUDIENCE', 'system', /list/),
  EXTERNAL_OAUTH_USER_CLAIM_MISSING: refused('EXTERNAL_OAUTH_USER_CLAIM_MISSING', 'identityProvider', /claim/),
  EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_ENABLED: refused(
    'EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_ENABLED',
    'system',
    /on/,
  ),
  EXTERNAL_OAUTH_JWS_CANT_RETRIEVE_PUBLIC_KEY: refused(
    'EXTERNAL_OAUTH_JWS_CANT_RETRIEVE_PUBLIC_KEY',
    'system',
    /JWS_KEYS_URL/,
  ),
  EXTERNAL_OAUTH_JWS_INVALID_FORMAT: refused('EXTERNAL_OAUTH_JWS_INVALID_FORMAT', 'identityProvider', /JWT/),
  EXTERNAL_OAUTH_JWS_INVALID_TYPE: refused('EXTERNAL_OAUTH_JWS_INVALID_TYPE', 'identityProvider', /JWT/),
  EXTERNAL_OAUTH_ACCESS_TOKEN_EXPIRED: refused('EXTERNAL_OAUTH_ACCESS_TOKEN_EXPIRED', 'identityProvider', /clock/),
  EXTERNAL_OAUTH_ACCESS_TOKEN_NOT_YET_VALID: refused(
    'EXTERNAL_OAUTH_ACCESS_TOKEN_NOT_YET_VALID',
    'identityProvider',
    /clock/,
  ),
  390100: refused('Incorrect username or password was specified. (390100).', 'system', /LOGIN_NAME/),
  390144: refused('JWT token is invalid. (390144).', 'user', /public key/),
  390195: refused('ID token is invalid. (390195).', 'user', /Sign In/),
  390303: refused('Invalid OAuth access token. (390303).', 'system', /EXTERNAL_OAUTH_ISSUER/),
  390318: refused('OAuth access token expired. (390318).', 'identityProvider', /Refresh Token Now/),
  390432: refused('Network policy is required. (390432).', 'system', /no wider/),
  394300: refused('JWT_TOKEN_INVALID_USER_IN_ISSUER (394300).', 'user', /token settings/),
  394301: refused('(394301)', 'user', /key pair/),
  394302: refused('JWT_TOKEN_INVALID_ISSUE_TIME (394302).', 'user', /clock/),
  394303: refused('JWT_TOKEN_EXPIRED (394303).', 'user', /clock/),
  394304: refused('JWT_TOKEN_INVALID_PUBLIC_KEY_FINGERPRINT_MISMATCH (394304).', 'user', /private key/),
  394305: refused('JWT_TOKEN_INVALID_ALGORITHM (394305).', 'user', /RSA/),
  394306: refused('JWT_TOKEN_INVALID_SIGNATURE (394306).', 'user', /private key/),
  394307: refused('(394307)', 'user', /account/),
  394400: refused('Programmatic access token is invalid. (394400).', 'user', /Set Connection Secret/),
  '390104, 390111, 390112, 390114': {
    ...refused('Session no longer exists. (390111)', 'nobody', /again/),
    code: 'DP-DATABASE-LOST',
  },
  391902: { ...refused('Accept header, 391902', 'network', /Accept/), code: 'DP-INTERNAL' },
  AADSTS50011: signIn(
    'AADSTS50011',
    'identityProvider',
    /Mobile and desktop applications", and add http:\/\/127\.0\.0\.1/,
  ),
  AADSTS700016: signIn('AADSTS700016', 'user', /client id and tenant/),
  AADSTS65001: signIn('AADSTS65001', 'identityProvider', /admin consent/),
  AADSTS9010010: signIn('AADSTS9010010', 'user', /preset "entra"/),
  AADSTS70011: signIn('AADSTS70011', 'user', /scopes of one resource/),
  AADSTS500011: signIn('AADSTS500011', 'identityProvider', /Expose an API/),
  AADSTS650053: signIn('AADSTS650053', 'identityProvider', /Expose an API/),
  'AADSTS650053, on Microsoft Graph': signIn(
    'AADSTS650053, on Microsoft Graph',
    'user',
    /<application id URI>\/<scope>; now they are session:role:ANALYST/,
  ),
  AADSTS50173: signIn('AADSTS50173', 'user', /Sign In/),
  AADSTS70043: signIn('AADSTS70043', 'user', /Sign In/),
  AADSTS700082: signIn('AADSTS700082', 'user', /Sign In/),
  AADSTS700084: signIn('AADSTS700084', 'identityProvider', /Mobile and desktop/),
  AADSTS7000218: signIn('AADSTS7000218', 'identityProvider', /Allow public client flows/),
  AADSTS9002326: signIn('AADSTS9002326', 'identityProvider', /Single-page application/),
  AADSTS7000215: signIn('AADSTS7000215', 'user', /Set Client Secret/),
  AADSTS7000222: signIn('AADSTS7000222', 'identityProvider', /Certificates & secrets/),
  AADSTS50105: signIn('AADSTS50105', 'identityProvider', /Users and groups/),
  AADSTS50020: signIn('AADSTS50020', 'user', /account of your company/),
  AADSTS50076: signIn('AADSTS50076', 'user', /Sign In/),
  AADSTS50079: signIn('AADSTS50079', 'user', /Sign In/),
  AADSTS53003: signIn('AADSTS53003', 'identityProvider', /sign-in logs/),
  'User is not assigned to the client application': signIn(
    'User is not assigned to the client application',
    'identityProvider',
    /Assignments/,
  ),
  'Policy evaluation failed': signIn('Policy evaluation failed', 'identityProvider', /Access Policies/),
  'One or more scopes are not configured': signIn(
    'One or more scopes are not configured',
    'identityProvider',
    /Scopes/,
  ),
  "'redirect_uri' parameter must be a Login redirect URI": signIn(
    'redirect_uri',
    'identityProvider',
    /sign-in redirect URIs/,
  ),
};

/** Reasons that stand under another one in the table, because the same mends them. */
const ALIASES: Readonly<Record<string, string>> = {
  EXTERNAL_OAUTH_MISSING_ISSUER: 'EXTERNAL_OAUTH_ACCESS_TOKEN_ISSUER_NOT_FOUND',
  EXTERNAL_OAUTH_MISSING_AUDIENCE: 'EXTERNAL_OAUTH_AUDIENCE_VALIDATION_FAILED',
  EXTERNAL_OAUTH_JWS_INVALID_TYPE: 'EXTERNAL_OAUTH_JWS_INVALID_FORMAT',
  EXTERNAL_OAUTH_ACCESS_TOKEN_NOT_YET_VALID: 'EXTERNAL_OAUTH_ACCESS_TOKEN_EXPIRED',
};

const factsOf = ({ code, says }: Words): ErrorFacts => ({ code, params: {}, detail: says });

describe('A known refusal', () => {
  for (const [sign, each] of Object.entries(words))
    test(`is told by its words: ${sign}`, () => {
      const found = explain(factsOf(each), known);
      assert.equal(found.sign?.replace(/^[^:]+: /, ''), ALIASES[sign] ?? sign);
      assert.equal(found.who, each.who);
      assert.match(found.fix, each.fix);
    });

  for (const error of [
    'invalid_client',
    'unauthorized_client',
    'unsupported_grant_type',
    'invalid_scope',
    'invalid_target',
    'access_denied',
    'interaction_required',
    'server_error',
  ])
    test(`of every provider is told by its code: ${error}`, () => {
      const { sign } = explain({ code: 'DP-PROVIDER-REFUSED', params: { error, clientId: 'me' } }, known);
      assert.match(sign ?? '', new RegExp(`every identity provider: .*${error}`));
    });

  test('of a client with a secret is for its user to mend, of one without for the administrator', () => {
    const error: ErrorFacts = { code: 'DP-PROVIDER-REFUSED', params: { error: 'invalid_client' } };
    const who = ['secret', 'none'].map((clientKind) => explain(error, { ...known, clientKind }).who);
    assert.deepEqual(who, ['user', 'identityProvider']);
  });

  test('of one database is not looked for in the words of another', () => {
    const error: ErrorFacts = { code: 'DP-DATABASE-ROLE', params: { role: 'x' }, detail: 'role "x" does not exist' };
    assert.match(explain(error, { ...known, type: 'postgres' }).sign ?? '', /^PostgreSQL: SET ROLE/);
  });

  test('that is not known is what the table of errors says', () => {
    const { cause, fix, who, type, sign } = explain({ code: 'DP-DATABASE-BUSY', params: {} }, known);
    const { cause: own, fix: ownFix } = ERRORS['DP-DATABASE-BUSY'];
    assert.deepEqual([cause, fix, who, type, sign], [own, ownFix, 'nobody', [], undefined]);
  });

  test('names what it does not know in brackets', () => {
    const { fix } = explain({ code: 'DP-SIGN-IN-REFUSED', params: {}, detail: 'AADSTS50011' }, {});
    assert.match(fix, /add <redirectUri>\./);
  });

  test('puts no word of the other side into what is pasted into a console', () => {
    const error = (role: string): ErrorFacts => ({ code: 'DP-DATABASE-ROLE', params: { role }, detail: '390186' });
    const typed = ['X TO USER me; DROP TABLE t', 'X;--', "X'", 'X"', 'X\nY', '-- X', 'ANALYST'].map(
      (role) => explain(error(role), known).type[0]?.text,
    );
    const placeholder = 'GRANT ROLE <role> TO USER <user>;';
    assert.deepEqual(typed, [...Array.from({ length: 6 }, () => placeholder), 'GRANT ROLE ANALYST TO USER <user>;']);
  });
});

describe('The table of known refusals', () => {
  const texts = KNOWN_REFUSALS.map((entry) =>
    [entry.cause, entry.fix, ...(entry.type ?? []).map(({ text }) => text)].join('\n'),
  );

  test('says a cause and a fix in whole sentences', () => {
    const bad = KNOWN_REFUSALS.filter(({ cause, fix }) => !/^[A-Z].*\.$/s.test(cause) || !/^[A-Z"].*\.$/s.test(fix));
    assert.deepEqual(
      bad.map(({ sign }) => sign),
      [],
    );
  });

  test('never advises to let everybody in', () => {
    assert.deepEqual(
      texts.filter((text) => /0\.0\.0\.0|::\/0|TO PUBLIC|ACCOUNTADMIN|rejectUnauthorized|NODE_TLS/i.test(text)),
      [],
    );
  });

  test('passes the redactor as it is', () => {
    const { redact } = redactor();
    assert.deepEqual(
      texts.filter((text) => redact(text) !== text),
      [],
    );
  });

  test('has an entry for each code of Snowflake, Entra ID and Okta that is listed here', () => {
    const signs = KNOWN_REFUSALS.map(({ sign }) => sign);
    assert.ok(signs.filter((sign) => /^39\d{4}/.test(sign)).length >= 20);
    assert.ok(signs.filter((sign) => sign.startsWith('AADSTS')).every((sign) => Object.hasOwn(words, sign)));
  });
});

test('docs/doctor.md is made from the chains and the table', async () => {
  const { doctorDocs } = await import('../../scripts/doctorDocs.ts');
  assert.equal(readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8'), await doctorDocs());
});
