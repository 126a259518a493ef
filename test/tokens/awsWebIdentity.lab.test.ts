import assert from 'node:assert/strict';
import { test } from 'node:test';

import { awsWebIdentity } from '../../src/tokens/awsWebIdentity.ts';
import { startIdentityProvider } from '../lab/identityProvider.ts';
import { startAws } from '../lab/tokenServices/aws.ts';
import { cluster, email, lab, logins, region, role, sessionArn } from './awsLab.ts';
import { mintedSignIn, type RunningSource, startSource } from './harness.ts';

test('The sign-in becomes keys of the role in the name of the person, by an unsigned request', async (t) => {
  const here = await lab(t);
  const { idp, aws } = here;
  const source = here.source();
  const credential = await source.get();
  const fields = credential.reveal();
  assert.ok(fields.kind === 'aws');
  const session = aws.session(fields.accessKeyId);
  const { accessKeyId = '', secretAccessKey = '', sessionToken = '', ends = 0, sessionName } = session ?? {};
  const token = idp.issued.at(-1)?.value ?? '';
  assert.deepEqual(fields, { kind: 'aws', accessKeyId, secretAccessKey, sessionToken, region });
  assert.deepEqual([session?.role.arn, sessionName, session?.policies], [role, email, []]);
  assert.equal(credential.subject, 'alice');
  assert.deepEqual(source.asked, ['https://sts.eu-central-1.amazonaws.com/']);
  assert.deepEqual(
    aws.requests.map(({ method, target, form, headers }) => [method, target, form, headers['authorization']]),
    [
      [
        'POST',
        '/',
        {
          Action: 'AssumeRoleWithWebIdentity',
          Version: '2011-06-15',
          RoleArn: role,
          RoleSessionName: email,
          WebIdentityToken: token,
          DurationSeconds: '3600',
        },
        undefined,
      ],
    ],
  );
  // Whoever signs with them has more than five minutes left.
  assert.equal(credential.expiresAt?.getTime(), ends - 5 * 60_000);
  assert.deepEqual(new Set(source.known), new Set([token, secretAccessKey, sessionToken]));
});

test('Keys are kept while more than five minutes are left, and then made anew', async (t) => {
  const source = (await lab(t)).source();
  const first = await source.get();
  source.later(40 * 60);
  assert.equal((await source.get()).id, first.id);
  // Of 3600 seconds 300 are spared, and the cache spares another 60.
  source.later(13 * 60 + 30);
  assert.equal((await source.get()).id, first.id);
  source.later(35);
  const second = await source.get();
  assert.notEqual(second.id, first.id);
  assert.notDeepEqual(second.reveal(), first.reveal());
});

test('Rejected keys are made anew, and a user who wants all renewed gets another token exchanged', async (t) => {
  const { aws, source: start } = await lab(t);
  const source = start();
  const first = await source.get();
  const second = await source.get({ rejected: first.id });
  const third = await source.get({ renews: '*' });
  assert.equal(new Set([first.id, second.id, third.id]).size, 3);
  assert.equal(new Set(aws.requests.map(({ form }) => form['WebIdentityToken'])).size, 3);
});

test('The session is narrowed by ReadOnlyAccess, or by the policies that the settings name', async (t) => {
  const { aws, source } = await lab(t);
  const policies = ['arn:aws:iam::123456789012:policy/Sales', 'arn:aws:iam::aws:policy/ReadOnlyAccess'];
  for (const settings of [{ sessionPolicy: 'readOnly' }, { policyArns: policies }]) await source(settings).get();
  const sent = aws.requests.map(({ form }) => Object.entries(form).filter(([name]) => name.startsWith('PolicyArns')));
  assert.deepEqual(sent, [
    [['PolicyArns.member.1.arn', 'arn:aws:iam::aws:policy/ReadOnlyAccess']],
    [
      ['PolicyArns.member.1.arn', policies[0]],
      ['PolicyArns.member.2.arn', policies[1]],
    ],
  ]);
});

test('An access token is exchanged where the settings say so, and only one for the right audience', async (t) => {
  const here = await lab(t, { claims: { email: undefined } });
  const { aws, idp } = here;
  const subjectAudience = 'https://aws.lab.example';
  const wish = { subject: 'accessToken', subjectAudience, subjectScopes: ['aws:roles'] };
  const asked: unknown[] = [];
  const source = here.source(wish, {
    async grant({ audience, scopes }) {
      asked.push({ audience, scopes });
      return mintedSignIn(idp).grant({ audience, scopes });
    },
    idToken: () => assert.fail('an ID token was asked for'),
  });
  await source.get();
  assert.deepEqual(asked, [{ audience: subjectAudience, scopes: ['aws:roles'] }]);
  assert.deepEqual(
    aws.requests.map(({ form }) => form['RoleSessionName']),
    ['alice'],
  );
  const wrong = here.source(wish, { grant: ({ scopes }) => mintedSignIn(idp).grant({ audience: 'other', scopes }) });
  assert.equal((await wrong.fails()).code, 'DP-TOKEN-CLAIM');
  assert.equal(aws.requests.length, 1);
});

test('AWS credentials and settings of this machine have no influence', async (t) => {
  const ambient = {
    AWS_ACCESS_KEY_ID: 'AKIAAMBIENT',
    AWS_SECRET_ACCESS_KEY: 'ambient-secret',
    AWS_SESSION_TOKEN: 'ambient-token',
    AWS_REGION: 'us-east-1',
    AWS_ROLE_ARN: 'arn:aws:iam::210987654321:role/Ambient',
    AWS_WEB_IDENTITY_TOKEN_FILE: '/dev/null',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
    AWS_PROFILE: 'ambient',
  };
  const before = { ...process.env };
  Object.assign(process.env, ambient);
  t.after(() => {
    for (const name of Object.keys(ambient)) delete process.env[name];
    Object.assign(process.env, before);
  });
  const { aws, source: start } = await lab(t);
  const source = start({ database: cluster });
  await source.get();
  assert.deepEqual(source.asked, [
    'https://sts.eu-central-1.amazonaws.com/',
    'https://redshift.eu-central-1.amazonaws.com/',
  ]);
  const sent = JSON.stringify(aws.requests);
  assert.deepEqual(
    Object.values(ambient).filter((value) => sent.includes(value)),
    [],
  );
  assert.deepEqual(
    aws.passwords.map(({ askedBy }) => askedBy),
    [sessionArn],
  );
});

test('In China the role, its policy and its hosts are those of that partition', async (t) => {
  const idp = await startIdentityProvider();
  t.after(() => idp.close());
  const arn = 'arn:aws-cn:iam::123456789012:role/Analyst';
  const trusts = { issuer: idp.issuer };
  const providers = [{ issuer: idp.issuer, clientIds: [idp.clientId] }];
  const aws = await startAws({
    region: 'cn-north-1',
    providers,
    roles: [{ arn, trusts, allows: logins }],
    clusters: ['sales'],
  });
  t.after(() => aws.close());
  const start = (settings: object): RunningSource =>
    startSource(awsWebIdentity, {
      name: 'awsWebIdentity',
      settings: { role: arn, region: 'cn-north-1', ...settings },
      signIn: mintedSignIn(idp),
      fetch: aws.fetch,
    });
  const narrowed = start({ sessionPolicy: 'readOnly' });
  const fields = (await narrowed.get()).reveal();
  assert.deepEqual(narrowed.asked, ['https://sts.cn-north-1.amazonaws.com.cn/']);
  assert.deepEqual(fields.kind === 'aws' && aws.session(fields.accessKeyId)?.policies, [
    'arn:aws-cn:iam::aws:policy/ReadOnlyAccess',
  ]);
  const redshift = start({ database: cluster });
  await redshift.get();
  assert.equal(redshift.asked[1], 'https://redshift.cn-north-1.amazonaws.com.cn/');
});
