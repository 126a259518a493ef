import assert from 'node:assert/strict';
import { test } from 'node:test';

import { awsWebIdentity } from '../../src/tokens/awsWebIdentity.ts';
import type { AwsHost } from '../lab/tokenServices/aws.ts';
import { cluster, lab, region, role, secretsOf, workgroup } from './awsLab.ts';
import { path } from './harness.ts';
import { saidBy } from './outcome.ts';

test('An outage, also of the second service, is told as one and loses nothing', async (t) => {
  const here = await lab(t);
  for (const [host, settings, service] of [
    ['sts', {}, 'AWS STS'],
    ['redshift', { database: cluster }, 'Amazon Redshift'],
    ['redshift-serverless', { database: workgroup }, 'Amazon Redshift Serverless'],
  ] as const) {
    const source = here.source(settings);
    for (const [fault, code, words] of [
      ['unavailable', 'DP-TOKEN-SERVICE-UNREACHABLE', { reason: 'HTTP status 503' }],
      ['throttled', 'DP-TOKEN-SERVICE-UNREACHABLE', { reason: 'Throttling' }],
      ['hangUp', 'DP-TOKEN-SERVICE-UNREACHABLE', { reason: 'UND_ERR_SOCKET' }],
      ['redirect', 'DP-TOKEN-SERVICE-ANSWER', { problem: 'HTTP status 307, a redirect', path }],
    ] as const) {
      here.aws.fail(host, fault);
      const expected = { code, params: { service, connection: 'sales', ...words } };
      assert.deepEqual(saidBy(await source.fails(), secretsOf(here)), expected);
    }
    here.aws.fail(host, undefined);
    assert.equal(
      (await source.get()).kind,
      awsWebIdentity.gives(awsWebIdentity.settings.parse({ role, region, ...settings })),
    );
  }
});

test('An answer that is not whole is not used', async (t) => {
  const here = await lab(t);
  const html = '<!doctype html><title>Welcome to the guest network</title>';
  const unusable = async (settings: object, service: string): Promise<string | undefined> => {
    const { code, params } = saidBy(await here.source(settings).fails(), secretsOf(here));
    assert.deepEqual([code, params['service'], params['path']], ['DP-TOKEN-SERVICE-ANSWER', service, path]);
    return params['problem'];
  };
  const bodies = async (host: AwsHost, settings: object, service: string) => {
    const problems: (string | undefined)[] = [];
    for (const [status, body] of [
      [200, ''],
      [200, html],
      [200, '{}'],
      [400, ''],
      [403, html],
    ] as const) {
      here.aws.answerWith(host, { status, body });
      problems.push(await unusable(settings, service));
    }
    here.aws.answerWith(host, undefined);
    return problems;
  };
  const fields = async (host: AwsHost, settings: object, changes: readonly (readonly [object, string])[]) => {
    const service = {
      sts: 'AWS STS',
      redshift: 'Amazon Redshift',
      'redshift-serverless': 'Amazon Redshift Serverless',
    }[host];
    for (const [change, problem] of changes) {
      here.aws.amend(host, change as Readonly<Record<string, unknown>>);
      assert.equal(await unusable(settings, service), problem, JSON.stringify(change));
    }
    here.aws.amend(host, {});
  };
  const refusals = ['HTTP status 400 without an error of AWS', 'HTTP status 403 without an error of AWS'];
  const noXml = 'it is not the XML of an answer';
  assert.deepEqual(await bodies('sts', {}, 'AWS STS'), [noXml, noXml, noXml, ...refusals]);
  await fields('sts', {}, [
    [{ AccessKeyId: undefined }, 'its AccessKeyId is missing'],
    [{ AccessKeyId: '' }, 'its AccessKeyId is malformed'],
    [{ SecretAccessKey: undefined }, 'its SecretAccessKey is missing'],
    [{ SecretAccessKey: 'two words' }, 'its SecretAccessKey is malformed'],
    [{ SessionToken: undefined }, 'its SessionToken is missing'],
    [{ SessionToken: 'line\nbreak' }, 'its SessionToken is malformed'],
    [{ SessionToken: { Nested: 'x' } }, 'its SessionToken is missing'],
    [{ Expiration: undefined }, 'its Expiration is missing'],
    [{ Expiration: 'tomorrow' }, 'its Expiration is no time'],
    [{ Expiration: '2026' }, 'its Expiration is no time'],
  ]);
  const form = 'it has another form';
  const database = { database: cluster };
  assert.deepEqual(await bodies('redshift', database, 'Amazon Redshift'), [form, form, form, ...refusals]);
  await fields('redshift', database, [
    [{ DbUser: undefined }, 'it has no database user'],
    [{ DbUser: '' }, 'it has no database user'],
    [{ DbUser: 'IAMR:\u0007' }, 'it has no database user'],
    [{ DbPassword: undefined }, 'it has no password'],
    [{ Expiration: undefined }, 'it does not say when it ends'],
  ]);
  const serverless = { database: workgroup };
  assert.deepEqual(await bodies('redshift-serverless', serverless, 'Amazon Redshift Serverless'), [
    form,
    form,
    'it has no password',
    ...refusals,
  ]);
  await fields('redshift-serverless', serverless, [
    [{ dbUser: 7 }, 'it has no database user'],
    [{ dbPassword: ['x'] }, 'it has no password'],
    [{ dbPassword: '' }, 'it has no password'],
    [{ expiration: '2026-11-27T00:00:00Z' }, 'it does not say when it ends'],
    [{ expiration: 1e300 }, 'it does not say when it ends'],
  ]);
  // Nothing of AWS lives that short; the password has no character that ends a line.
  here.aws.amend('sts', { Expiration: new Date(Date.now() + 250_000).toISOString() });
  assert.equal(await unusable({}, 'AWS'), 'it has ended already');
  here.aws.amend('sts', {});
  here.aws.amend('redshift-serverless', { dbPassword: 'line\nbreak' });
  assert.equal((await here.source(serverless).fails()).code, 'DP-TOKEN-INVALID');
});
