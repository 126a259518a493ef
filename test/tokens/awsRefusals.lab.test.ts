import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type LabIdentityProvider, startIdentityProvider } from '../lab/identityProvider.ts';
import { cluster, lab, role, secretsOf, workgroup } from './awsLab.ts';
import type { RunningSource } from './harness.ts';
import { saidBy } from './outcome.ts';

const refused = (action: string, error: string, detail?: string) => ({
  code: 'DP-AWS-REFUSED',
  params: { action, connection: 'sales', error, role },
  ...(detail !== undefined && { detail }),
});
const assumeRole = 'sts:AssumeRoleWithWebIdentity';

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
    assert.deepEqual(saidBy(await source.fails(), [...secretsOf(here), 'opaque-canary']), facts);
  assert.equal(aws.requests.length, cases.length);
});

test('A role that does not trust the person, or does not exist, is refused in the same words', async (t) => {
  const here = await lab(t, {}, { trusts: { issuer: 'https://other.example' } });
  const absent = 'arn:aws:iam::123456789012:role/Absent';
  const words = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';
  const expected = refused(assumeRole, 'AccessDenied', words);
  assert.deepEqual(saidBy(await here.source().fails(), secretsOf(here)), expected);
  assert.deepEqual(saidBy(await here.source({ role: absent }).fails(), secretsOf(here)), {
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
  for (const [source, facts] of cases) assert.deepEqual(saidBy(await source.fails(), secretsOf(here)), facts);
  const other = await lab(t);
  assert.deepEqual(
    saidBy(await other.source({ database: { ...workgroup, workgroup: 'absent' } }).fails(), secretsOf(other)),
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
    const { code, params } = saidBy(await here.source().fails(), [...secretsOf(here), canary]);
    assert.deepEqual([code, params['error']], ['DP-AWS-REFUSED', error]);
  }
});
