import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cluster, email, lab, rds, secretsOf, server, sessionArn, workgroup } from './awsLab.ts';
import { path } from './harness.ts';
import { saidBy } from './outcome.ts';

test('For RDS the keys sign a token that an instance takes for fifteen minutes, for this user and this instance alone', async (t) => {
  const { aws, idp, source: start } = await lab(t);
  const source = start({ database: rds });
  const credential = await source.get();
  const fields = credential.reveal();
  assert.ok(fields.kind === 'password');
  const { user, password } = fields;
  assert.equal(user, email);
  assert.deepEqual(aws.verifyRdsToken(password, server), {
    user: email,
    signedBy: sessionArn,
  });
  assert.deepEqual(source.asked, ['https://sts.eu-central-1.amazonaws.com/']);
  const [, accessKeyId = ''] = /X-Amz-Credential=(\w+)/.exec(password) ?? [];
  const { secretAccessKey, sessionToken } = aws.session(accessKeyId) ?? {};
  const token = idp.issued.at(-1)?.value;
  assert.deepEqual(new Set(source.known), new Set([token, secretAccessKey, sessionToken, password]));
  assert.deepEqual(
    [
      aws.verifyRdsToken(password, { ...server, host: 'other.abc123.eu-central-1.rds.amazonaws.com' }),
      aws.verifyRdsToken(password, { ...server, port: 5433 }),
      aws.verifyRdsToken(password.replace('DBUser=alice', 'DBUser=admin'), server),
      aws.verifyRdsToken(password.replace('X-Amz-Expires=900', 'X-Amz-Expires=901'), server),
      aws.verifyRdsToken(password.replace('X-Amz-Expires=900', 'X-Amz-Expires=800'), server),
    ],
    [
      { problem: 'address' },
      { problem: 'address' },
      { problem: 'signature' },
      { problem: 'time' },
      { problem: 'signature' },
    ],
  );
  // The cache's margin is a minute: a token that it hands out is good for that long at least.
  source.later(13 * 60 + 30);
  assert.equal((await source.get()).id, credential.id);
  aws.shiftClock(14);
  assert.ok(!('problem' in aws.verifyRdsToken(password, server)));
  aws.shiftClock(15.1);
  assert.deepEqual(aws.verifyRdsToken(password, server), { problem: 'time' });
  source.later(60);
  assert.notEqual((await source.get()).id, credential.id);
});

test('A token of RDS is for whatever the database user is called', async (t) => {
  const { aws, source } = await lab(t, { claims: { email, upn: "o'x y+(*)!~&=/é😀" } });
  for (const [template, user] of [
    ['analyst', 'analyst'],
    ['{upn}', "o'x y+(*)!~&=/é😀"],
    ['lab\\{preferred_username}', 'lab\\alice'],
  ] as const) {
    const fields = (await source({ database: { ...rds, user: template } }).get()).reveal();
    assert.ok(fields.kind === 'password');
    const taken = aws.verifyRdsToken(fields.password, server);
    assert.deepEqual([fields.user, 'user' in taken && taken.user], [user, user]);
  }
});

test('A database user that can not be made is found before anything is sent', async (t) => {
  const here = await lab(t, { claims: { email: 'al\u0000ice', upn: 'half\ud83d' } });
  for (const [user, problem] of [
    ['{groups}', 'the token has no claim groups'],
    ['{email}', 'the name has a character that no name has'],
    ['{upn}', 'the name has a character that no name has'],
  ] as const) {
    const error = await here.source({ database: { ...rds, user } }).fails();
    assert.deepEqual(saidBy(error, secretsOf(here)), {
      code: 'DP-SETTING-INVALID',
      params: { path: `${path}.database.user`, problem },
    });
  }
  assert.deepEqual(here.aws.requests, []);
});

for (const [name, database, host] of [
  ['a cluster of Redshift', cluster, 'redshift'],
  ['a workgroup of Redshift Serverless', workgroup, 'redshift-serverless'],
] as const) {
  test(`For ${name} the keys sign the request for a password of the database user of the role`, async (t) => {
    const { aws, source: start } = await lab(t, {}, { longest: 43_200 });
    const source = start({ database, durationSeconds: 7200 });
    const credential = await source.get();
    const [given] = aws.passwords;
    const { user = '', password = '' } = given ?? {};
    assert.deepEqual(given, {
      user: 'IAMR:Analyst',
      password,
      database: database === cluster ? 'dev' : undefined,
      seconds: 3600,
      askedBy: sessionArn,
    });
    assert.deepEqual(credential.reveal(), { kind: 'password', user, password });
    assert.deepEqual(source.asked, [
      'https://sts.eu-central-1.amazonaws.com/',
      `https://${host}.eu-central-1.amazonaws.com/`,
    ]);
    assert.ok(source.known.includes(password));
    source.later(58 * 60);
    assert.equal((await source.get()).id, credential.id);
    source.later(2 * 60);
    assert.notDeepEqual((await source.get()).reveal(), credential.reveal());
  });
}

test('With a wrong clock here the signatures are right, and the ends are told by it', async (t) => {
  for (const minutes of [-25, 25]) {
    const { aws, source: start } = await lab(t);
    aws.shiftClock(minutes);
    const keys = start();
    const first = await keys.get();
    keys.later(50 * 60);
    assert.equal((await keys.get()).id, first.id);
    keys.later(5 * 60);
    assert.notEqual((await keys.get()).id, first.id);
    const fields = (await start({ database: rds }).get()).reveal();
    assert.deepEqual(fields.kind === 'password' && aws.verifyRdsToken(fields.password, server), {
      user: email,
      signedBy: sessionArn,
    });
    for (const database of [cluster, workgroup]) assert.equal((await start({ database }).get()).kind, 'password');
  }
});
