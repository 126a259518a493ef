import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { PassportError } from '../../src/core/errors.ts';
import type { SignIn } from '../../src/core/signIn.ts';
import { awsWebIdentity } from '../../src/tokens/awsWebIdentity.ts';
import { type LabIdentityProvider, startIdentityProvider } from '../lab/identityProvider.ts';
import { type AwsHost, type AwsRole, type LabAws, startAws } from '../lab/tokenServices/aws.ts';
import { type MintedSignInOptions, mintedSignIn, path, type RunningSource, startSource } from './harness.ts';

const region = 'eu-central-1';
const role = 'arn:aws:iam::123456789012:role/team/Analyst';
const email = 'alice@lab.example';
const rds = { kind: 'rds', host: 'Sales.abc123.eu-central-1.rds.amazonaws.com', port: 5432, user: '{email}' };
const server = { host: 'sales.abc123.eu-central-1.rds.amazonaws.com', port: 5432 };
const cluster = { kind: 'redshift', cluster: 'sales', database: 'dev' };
const workgroup = { kind: 'redshiftServerless', workgroup: 'sales-wg' };
const logins = ['rds-db:connect', 'redshift:GetClusterCredentialsWithIAM', 'redshift-serverless:GetCredentials'];

interface Lab {
  readonly idp: LabIdentityProvider;
  readonly aws: LabAws;
  /** A source behind a cache, of alice unless another sign-in is given. */
  source(settings?: object, signIn?: Partial<SignIn>): RunningSource;
}

async function lab(t: TestContext, minted: MintedSignInOptions = {}, trusted: Partial<AwsRole> = {}): Promise<Lab> {
  const idp = await startIdentityProvider();
  t.after(() => idp.close());
  const { issuer, clientId } = idp;
  const aws = await startAws({
    region,
    providers: [{ issuer, clientIds: [clientId, 'https://aws.lab.example'] }],
    roles: [{ arn: role, trusts: { issuer }, allows: logins, ...trusted }],
    policies: { 'arn:aws:iam::123456789012:policy/Sales': ['s3:GetObject'] },
    clusters: ['sales'],
    workgroups: ['sales-wg'],
  });
  t.after(() => aws.close());
  const alice = mintedSignIn(idp, { seconds: 50_000, claims: { email }, ...minted });
  return {
    idp,
    aws,
    source: (settings = {}, signIn = {}) =>
      startSource(awsWebIdentity, {
        name: 'awsWebIdentity',
        settings: { role, region, ...settings },
        signIn: { ...alice, ...signIn },
        fetch: aws.fetch,
      }),
  };
}

/** Everything that is secret in what was sent so far and in what AWS gave out. */
function secretsOf({ idp, aws }: Lab): readonly string[] {
  const sent = aws.requests.flatMap(({ headers, form }) => [
    form['WebIdentityToken'],
    headers['x-amz-security-token'],
    headers['authorization']?.slice(-64),
  ]);
  const given = aws.passwords.map(({ password }) => password);
  return [...sent, ...given, ...idp.issued.map(({ value }) => value)].filter((secret) => secret !== undefined);
}

/** What an error shows, once it is known that it shows no secret. */
function shown(error: PassportError, secrets: readonly string[], ...canaries: string[]) {
  const everything = [JSON.stringify(error.facts()), error.message, error.fix, String(error.cause), error.stack].join(
    '\n',
  );
  assert.deepEqual(
    [...secrets, ...canaries].filter((secret) => everything.includes(secret)),
    [],
  );
  return error.facts();
}

const refused = (action: string, error: string, detail?: string) => ({
  code: 'DP-AWS-REFUSED',
  params: { action, connection: 'sales', error, role },
  ...(detail !== undefined && { detail }),
});
const assumeRole = 'sts:AssumeRoleWithWebIdentity';

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
    signedBy: 'arn:aws:sts::123456789012:assumed-role/Analyst/alice@lab.example',
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
    assert.deepEqual(shown(error, secretsOf(here)), {
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
      askedBy: 'arn:aws:sts::123456789012:assumed-role/Analyst/alice@lab.example',
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

test('What STS refuses is told by its code, and by its words only where they are known', async (t) => {
  const here = await lab(t);
  const { idp, aws } = here;
  const other = await startIdentityProvider();
  t.after(() => other.close());
  const minted = (wish: Parameters<LabIdentityProvider['mintAccessToken']>[0], by = idp) => ({
    expectedIssuer: undefined,
    idToken: async () => ({ id: 'one', token: await by.mintAccessToken({ audience: idp.clientId, ...wish }) }),
  });
  const packed = Array.from(
    { length: 10 },
    (_, index) => `arn:aws:iam::123456789012:policy/${'p'.repeat(200)}${index}`,
  );
  const cases: readonly (readonly [RunningSource, object])[] = [
    [
      here.source({}, minted({ audience: 'https://other.example' })),
      refused(assumeRole, 'InvalidIdentityToken', 'Incorrect token audience'),
    ],
    [
      here.source({}, minted({}, other)),
      refused(assumeRole, 'InvalidIdentityToken', 'No OpenIDConnect provider found in your account'),
    ],
    [
      here.source({}, minted({ signedBy: 'stranger' })),
      refused(assumeRole, 'InvalidIdentityToken', "Couldn't retrieve verification key from your identity provider"),
    ],
    // Ended for AWS, but not for a clock with our leeway.
    [here.source({}, minted({ expiresInSeconds: -30 })), refused(assumeRole, 'ExpiredTokenException', 'Token expired')],
    [
      here.source({}, { idToken: async () => ({ id: 'one', token: 'opaque-canary' }) }),
      refused(assumeRole, 'InvalidIdentityToken'),
    ],
    [
      here.source({ durationSeconds: 7200 }),
      refused(
        assumeRole,
        'ValidationError',
        'The requested DurationSeconds exceeds the MaxSessionDuration set for this role',
      ),
    ],
    [here.source({ policyArns: packed }), refused(assumeRole, 'PackedPolicyTooLarge')],
  ];
  for (const [source, facts] of cases)
    assert.deepEqual(shown(await source.fails(), secretsOf(here), 'opaque-canary'), facts);
  assert.equal(aws.requests.length, cases.length);
});

test('A role that does not trust the person, or does not exist, is refused in the same words', async (t) => {
  const here = await lab(t, {}, { trusts: { issuer: 'https://other.example' } });
  const absent = 'arn:aws:iam::123456789012:role/Absent';
  const words = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';
  const expected = refused(assumeRole, 'AccessDenied', words);
  assert.deepEqual(shown(await here.source().fails(), secretsOf(here)), expected);
  assert.deepEqual(shown(await here.source({ role: absent }).fails(), secretsOf(here)), {
    ...expected,
    params: { ...expected.params, role: absent },
  });
});

test('What Redshift refuses is told with the action that was refused', async (t) => {
  const here = await lab(t, {}, { allows: ['redshift:GetClusterCredentialsWithIAM'] });
  const redshift = 'redshift:GetClusterCredentialsWithIAM';
  const serverless = 'redshift-serverless:GetCredentials';
  const sales = 'arn:aws:iam::123456789012:policy/Sales';
  const cases: readonly (readonly [RunningSource, object])[] = [
    [here.source({ database: { ...cluster, cluster: 'absent' } }), refused(redshift, 'ClusterNotFound')],
    [here.source({ database: cluster, policyArns: [sales] }), refused(redshift, 'AccessDenied')],
    [here.source({ database: workgroup }), refused(serverless, 'AccessDeniedException')],
  ];
  for (const [source, facts] of cases) assert.deepEqual(shown(await source.fails(), secretsOf(here)), facts);
  const other = await lab(t);
  assert.deepEqual(
    shown(await other.source({ database: { ...workgroup, workgroup: 'absent' } }).fails(), secretsOf(other)),
    refused(serverless, 'ResourceNotFoundException'),
  );
});

test('A message that quotes what was sent is not repeated', async (t) => {
  const here = await lab(t);
  const canary = 'canary-3f9a';
  const document = (code: string, message: string): string =>
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
  const cases = [
    [document('ValidationError', `Value '${canary}' at 'webIdentityToken' failed`), 'ValidationError'],
    [document('AccessDenied', `Token expired for ${canary}`), 'AccessDenied'],
    [document(`${canary} with spaces`, ''), 'an unknown error'],
    [document('', canary), 'an unknown error'],
  ] as const;
  for (const [body, error] of cases) {
    here.aws.answerWith('sts', { status: 400, body });
    const { code, params } = shown(await here.source().fails(), secretsOf(here), canary);
    assert.deepEqual([code, params['error']], ['DP-AWS-REFUSED', error]);
  }
});

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
      assert.deepEqual(shown(await source.fails(), secretsOf(here)), expected);
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
    const { code, params } = shown(await here.source(settings).fails(), secretsOf(here));
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
      signedBy: 'arn:aws:sts::123456789012:assumed-role/Analyst/alice@lab.example',
    });
    for (const database of [cluster, workgroup]) assert.equal((await start({ database }).get()).kind, 'password');
  }
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
    ['arn:aws:sts::123456789012:assumed-role/Analyst/alice@lab.example'],
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
