import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { guideDocs } from '../../scripts/guideDocs.ts';
import { guides, guidesFor } from '../../src/guides/index.ts';
import { filled, textOf } from './filled.ts';
import { expectedFile, factsOf, type Sample, sampleOf } from './samples.ts';

const offered = (sample: Sample): readonly string[] => guidesFor(factsOf(sample)).map(({ id }) => id);

const one = (provider: object | undefined, connection: object, more: Partial<Sample> = {}): Sample => ({
  settings: { identityProviders: provider ? { company: provider } : {}, connections: { sales: connection } },
  ...more,
});

const oidc = { title: 'Company', issuer: 'https://id.example.com', clientId: 'data-passport' };
const snowflake = { type: 'snowflake', account: 'myorg-myaccount' };

/** Lines that run, without comments. */
const running = (text: string): readonly string[] => text.split('\n').filter((line) => !/^\s*(?:--|#|$)/.test(line));

describe('Set-up texts', () => {
  for (const guide of guides) {
    it(`are complete: ${guide.label}`, () => {
      const sample = sampleOf(guide);
      assert.ok(offered(sample).includes(guide.id));
      const text = guide.text(factsOf(sample));
      if (process.env['UPDATE_SAMPLES'] !== undefined) writeFileSync(expectedFile(guide), text);
      assert.equal(text, readFileSync(expectedFile(guide), 'utf8'));
    });

    it(`say above each placeholder what goes there: ${guide.label}`, () => {
      const lines = guide.text(factsOf(sampleOf(guide))).split('\n');
      for (const [index, line] of lines.entries()) {
        if (/^\s*(?:--|#)/.test(line)) continue;
        for (const [placeholder] of line.matchAll(/<[^<>]+>/g)) {
          const above = lines.slice(0, index).filter((each) => /^\s*(?:--|#)/.test(each));
          assert.ok(
            above.some((each) => each.includes(placeholder)),
            `${guide.id}: nothing says what ${placeholder} is`,
          );
        }
      }
    });

    it(`name the vendor's page: ${guide.label}`, () => {
      assert.ok(guide.text(factsOf(sampleOf(guide))).includes(guide.manual));
    });
  }

  it('are offered for what the other side needs', () => {
    const okta = { preset: 'okta', domain: 'example.okta.com', authorizationServer: 'default', clientId: 'id' };
    const local = { preset: 'snowflake', account: 'myorg-myaccount' };
    const aws = { source: 'awsWebIdentity', role: 'arn:aws:iam::123456789012:role/Analyst', region: 'eu-central-1' };
    const postgres = { type: 'postgres', host: 'db.example.com', database: 'orders' };
    assert.deepEqual(
      [
        one(okta, snowflake),
        one(local, snowflake),
        one(undefined, { ...snowflake, token: { source: 'personalAccessToken' } }),
        one(okta, postgres),
        one(okta, { ...postgres, authentication: 'oauthbearer' }),
        one(okta, {
          ...postgres,
          token: { ...aws, database: { kind: 'rds', host: 'db.example.com', port: 5432, user: 'reader' } },
        }),
      ].map(offered),
      [['snowflakeExternalOauth'], ['snowflakeOauth'], [], [], ['postgresOauth'], ['postgresRds', 'awsTrust']],
    );
  });

  it('have placeholders for everything that is not known, and guess nothing', () => {
    const entra = { preset: 'entra', tenant: 'example.onmicrosoft.com', clientId: 'id', title: 'Entra' };
    const text = textOf('snowflakeExternalOauth', one(entra, snowflake));
    const parameters = running(text).filter((line) => line.startsWith('  EXTERNAL'));
    assert.deepEqual(parameters, [
      '  EXTERNAL_OAUTH_TYPE = AZURE',
      "  EXTERNAL_OAUTH_ISSUER = '<issuer>'",
      "  EXTERNAL_OAUTH_JWS_KEYS_URL = '<JWKS URL>'",
      "  EXTERNAL_OAUTH_AUDIENCE_LIST = ('<audience>')",
      "  EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'upn'",
      "  EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE = 'LOGIN_NAME'",
      '  EXTERNAL_OAUTH_ANY_ROLE_MODE = ENABLE;',
    ]);
    assert.throws(() => filled(text, {}), /left to fill in/);
  });

  it('take issuer, audience, user claim and scopes from a token at hand', () => {
    const claims = {
      iss: 'https://sts.windows.net/11111111-2222-3333-4444-555555555555/',
      aud: 'api://snowflake',
      sub: 'pairwise',
      scp: 'session:role-any',
      preferred_username: 'alice@lab.example',
    };
    const entra = { preset: 'entra', tenant: 'example.onmicrosoft.com', clientId: 'id', title: 'Entra' };
    const text = textOf('snowflakeExternalOauth', one(entra, snowflake, { claims, jwksUri: 'https://keys.example' }));
    assert.deepEqual(
      running(text).filter((line) => /ISSUER|KEYS|AUDIENCE|CLAIM/.test(line)),
      [
        `  EXTERNAL_OAUTH_ISSUER = '${claims.iss}'`,
        "  EXTERNAL_OAUTH_JWS_KEYS_URL = 'https://keys.example'",
        "  EXTERNAL_OAUTH_AUDIENCE_LIST = ('api://snowflake')",
        "  EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'preferred_username'",
      ],
    );
    // Whose claims they are is nobody's business but theirs.
    assert.ok(!text.includes('alice@lab.example'));
  });

  it('match an e-mail address with the e-mail address of the user', () => {
    const claims = { iss: oidc.issuer, aud: 'a', email: 'alice@lab.example', scope: 'openid session:role-any' };
    const text = textOf('snowflakeExternalOauth', one(oidc, snowflake, { claims }));
    assert.deepEqual(
      running(text).filter((line) => /MAPPING|DELIMITER|SET EMAIL|LOGIN_NAME/.test(line)),
      [
        "  EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'email'",
        "  EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE = 'EMAIL_ADDRESS'",
        "  EXTERNAL_OAUTH_SCOPE_MAPPING_ATTRIBUTE = 'scope'",
        "  EXTERNAL_OAUTH_SCOPE_DELIMITER = ' '",
        "ALTER USER <user> SET EMAIL = '<value of email>';",
      ],
    );
  });

  it('trust nothing of the provider where another service issues the token', () => {
    const token = { source: 'tokenExchange', endpoint: 'https://sts.example.com/token', audience: 'a' };
    const text = textOf(
      'snowflakeExternalOauth',
      one(oidc, { ...snowflake, token }, { jwksUri: 'https://keys.example' }),
    );
    assert.ok(!text.includes(oidc.issuer) && !text.includes('https://keys.example'));
  });

  it('open no network to everybody', () => {
    for (const guide of guides) assert.doesNotMatch(guide.text(factsOf(sampleOf(guide))), /(?<![\d.])0\.0\.0\.0|::\/0/);
  });

  it('use the integration that every account has where the sign-in does', () => {
    const text = textOf('snowflakeOauth', one({ preset: 'snowflake', account: 'myorg-myaccount' }, snowflake));
    assert.deepEqual(running(text).slice(0, 4), [
      'USE ROLE SECURITYADMIN;',
      "SHOW SECURITY INTEGRATIONS LIKE 'SNOWFLAKE$LOCAL_APPLICATION';",
      'DESCRIBE SECURITY INTEGRATION SNOWFLAKE$LOCAL_APPLICATION;',
      'ALTER SECURITY INTEGRATION SNOWFLAKE$LOCAL_APPLICATION SET ENABLED = TRUE OAUTH_ISSUE_REFRESH_TOKENS = TRUE;',
    ]);
  });

  it('are in docs/set-up-texts.md as they are', async () => {
    const page = readFileSync(new URL('../../docs/set-up-texts.md', import.meta.url), 'utf8');
    assert.equal(page, await guideDocs());
  });
});
