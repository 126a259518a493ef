import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { path } from './harness.ts';
import { claimsIn, saidBy, tokenIn, unsigned } from './outcome.ts';
import { endpoint, lab, type Lab, pemOf, secretsOf } from './snowflakeLab.ts';

describe('A key pair for an endpoint of Snowflake', () => {
  it('signs a JWT that is exchanged for the token of the endpoint, which comes as plain text', async (t) => {
    const { snowflake, source: start, exchange } = await lab(t);
    const source = start(exchange());
    const credential = await source.get();
    const token = tokenIn(credential);
    assert.deepEqual(
      {
        kind: credential.kind,
        who: snowflake.ownerOf(token),
        audience: credential.audience,
        endsWithTheToken: credential.expiresAt?.getTime() === Number(claimsIn(token)['exp']) * 1000,
        known: source.known.map((secret) => (secret === token ? 'token' : claimsIn(secret)['sub'])),
        asked: source.asked,
        requests: snowflake.requests,
      },
      {
        kind: 'endpointToken',
        who: { user: 'ALICE', role: 'ANALYST' },
        audience: endpoint,
        endsWithTheToken: true,
        known: ['COFFEE-LAB.ALICE', 'token'],
        asked: [`${snowflake.url}/oauth/token`],
        requests: [{ method: 'POST', path: '/oauth/token', status: 200, scope: endpoint }],
      },
    );
  });

  it('asks for the role that the settings name, before the endpoint', async (t) => {
    const { snowflake, source, exchange } = await lab(t);
    const token = tokenIn(await source(exchange({ role: 'MANAGER' })).get());
    assert.deepEqual(
      [snowflake.ownerOf(token), snowflake.requests[0]?.scope],
      [{ user: 'ALICE', role: 'MANAGER' }, `session:role:MANAGER ${endpoint}`],
    );
  });

  it('renews the token at its end and after a rejection', async (t) => {
    const { snowflake, source: start, exchange } = await lab(t);
    const source = start(exchange());
    const first = await source.get();
    const again = await source.get();
    const second = await source.get({ rejected: first.id });
    source.later(700);
    snowflake.shiftClock(700);
    const third = await source.get();
    assert.deepEqual(
      {
        cached: again.id === first.id,
        ids: new Set([first.id, second.id, third.id]).size,
        good: snowflake.ownerOf(tokenIn(third)) !== undefined,
        over: snowflake.ownerOf(tokenIn(first)),
        asked: source.asked.length,
      },
      { cached: true, ids: 3, good: true, over: undefined, asked: 3 },
    );
  });

  it('uses an opaque token until it is refused', async (t) => {
    const { snowflake, source, exchange } = await lab(t);
    snowflake.setOpaque();
    const credential = await source(exchange()).get();
    assert.deepEqual(
      [credential.expiresAt, snowflake.ownerOf(tokenIn(credential))],
      [undefined, { user: 'ALICE', role: 'ANALYST' }],
    );
  });

  const reasons: readonly (readonly [
    title: string,
    problem: string,
    settings: object,
    arrange: (here: Lab) => void,
  ])[] = [
    ['another key', '394304', {}, ({ snowflake }) => snowflake.removePublicKeys('alice')],
    ['an unknown user', '394300', { user: 'stranger' }, () => undefined],
    ['another account', '394307', { account: 'coffee-other' }, () => undefined],
    ['a clock behind', '394302', {}, ({ snowflake }) => snowflake.shiftClock(3600)],
    ['a clock ahead', '394302', {}, ({ snowflake }) => snowflake.shiftClock(-3600)],
  ];
  for (const [title, problem, settings, arrange] of reasons) {
    it(`says which key of whom was refused for ${title}, with the reason as far as Snowflake tells it`, async (t) => {
      const here = await lab(t);
      const { snowflake, fingerprint } = here;
      arrange(here);
      const source = here.source({ ...here.exchange(), ...settings });
      const { detail, ...hidden } = saidBy(await source.fails(), secretsOf(source));
      snowflake.tellReasons();
      const { code, params: told } = saidBy(await source.fails(), secretsOf(source));
      const { account, user } = { account: 'coffee-lab', user: 'alice', ...settings };
      const principal = `${account}.${user}`.toUpperCase();
      const params = { service: snowflake.host, connection: 'sales', fingerprint, principal };
      assert.deepEqual(
        [hidden, { code, params: told }, snowflake.requests.at(-1)?.problem],
        [
          { code: 'DP-KEY-REFUSED', params: { ...params, error: '390144' } },
          { code: 'DP-KEY-REFUSED', params: { ...params, error: problem } },
          problem,
        ],
      );
      assert.match(detail ?? '', /SYSTEM\$GET_LOGIN_FAILURE_DETAILS\('[\da-f-]{36}'\)/);
    });
  }

  it('tells a role or an endpoint that is not allowed from a key that is refused', async (t) => {
    const { snowflake, publicKey, source, exchange } = await lab(t);
    snowflake.addPublicKey('bob', pemOf(publicKey));
    const role = await source({ user: 'bob', ...exchange({ role: 'MANAGER' }) }).fails();
    const other = 'other-coffee-lab.snowflakecomputing.app';
    const elsewhere = await source(exchange({ endpoint: other })).fails();
    const params = { service: snowflake.host, connection: 'sales', path: `${path}.exchange` };
    assert.deepEqual(
      [role.facts(), elsewhere.facts()],
      [
        {
          code: 'DP-EXCHANGE-REFUSED',
          params: { ...params, error: '390186', audience: endpoint, scopes: `session:role:MANAGER ${endpoint}` },
        },
        {
          code: 'DP-EXCHANGE-REFUSED',
          params: { ...params, error: 'invalid_scope', audience: other, scopes: other },
        },
      ],
    );
  });

  it('takes nothing but a token in plain text, and shows nothing of what else came', async (t) => {
    const { snowflake, source: start, exchange } = await lab(t);
    const expired = unsigned({ exp: 1_700_000_000 });
    const answers: readonly (readonly [status: number, body: string, code: string, problem: string])[] = [
      [200, '', 'DP-TOKEN-SERVICE-ANSWER', 'it is empty'],
      [200, ' \n', 'DP-TOKEN-SERVICE-ANSWER', 'it is empty'],
      [200, '<html>CANARY</html>', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [200, '{"access_token":"CANARY"}', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [200, 'CANARY\u0000', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [200, 'CANARY CANARY', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [404, 'CANARY', 'DP-TOKEN-SERVICE-ANSWER', 'HTTP status 404'],
      [307, 'CANARY', 'DP-TOKEN-SERVICE-ANSWER', 'HTTP status 307, a redirect'],
      [200, '{"error":"CANARY is not a word"}', 'DP-EXCHANGE-REFUSED', 'an unknown error'],
      [200, '{"code":"394304","message":"CANARY"}', 'DP-KEY-REFUSED', '394304'],
      [503, 'CANARY', 'DP-TOKEN-SERVICE-UNREACHABLE', 'HTTP status 503'],
      [429, 'CANARY', 'DP-TOKEN-SERVICE-UNREACHABLE', 'HTTP status 429'],
      [200, expired, 'DP-TOKEN-CLAIM', '"2023-11-14T22:13:20.000Z"'],
    ];
    for (const [status, body, code, problem] of answers) {
      snowflake.answerWith({ status, body });
      const source = start(exchange());
      const { code: told, params } = saidBy(await source.fails(), [...secretsOf(source), expired]);
      const said = params['problem'] ?? params['reason'] ?? params['error'] ?? params['actual'];
      assert.deepEqual([status, told, said], [status, code, problem]);
    }
  });

  it('does without an answer as an outage that passes', async (t) => {
    const { snowflake, source: start, exchange } = await lab(t);
    const source = start(exchange());
    snowflake.answerWith({ status: 503, body: '' });
    const outage = await source.fails();
    snowflake.answerWith(undefined);
    const credential = await source.get();
    await snowflake.close();
    const away = await start(exchange()).fails();
    assert.deepEqual(
      [outage.code, outage.retry, credential.kind, away.code, away.params['reason']],
      ['DP-TOKEN-SERVICE-UNREACHABLE', true, 'endpointToken', 'DP-TOKEN-SERVICE-UNREACHABLE', 'ECONNREFUSED'],
    );
  });
});
