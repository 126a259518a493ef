import { randomUUID } from 'node:crypto';

import { decodeJwt } from 'jose';

import type { AwsAccount } from './awsAccount.ts';
import { type AwsReply, type Elements, xmlError, xmlReply } from './awsAnswers.ts';
import { createSubjectVerifier, type SubjectProblem, type TrustedIssuer } from './subjectVerifier.ts';

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

export interface StsOptions {
  readonly account: AwsAccount;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What is put in place of fields of the credentials in good answers. */
  readonly amended: () => Elements;
}

const error = (code: string, message: string, status = 400): AwsReply => xmlError(status, code, message, namespace);

/** As the service writes it, value and all. */
function invalid(field: string, value: string | undefined, constraint: string): AwsReply {
  const shown = value === undefined ? 'null' : `'${value}'`;
  const text = `Value ${shown} at '${field}' failed to satisfy constraint: ${constraint}`;
  return error('ValidationError', `1 validation error detected: ${text}`);
}

/**
 * Plays AssumeRoleWithWebIdentity of AWS STS (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
 * Texts of errors as people quote them; what happens to an ARN of a policy that does not exist is not written down anywhere.
 */
export function createSts({ account, now, amended }: StsOptions) {
  const verifier = createSubjectVerifier();

  async function problemOf(token: string): Promise<AwsReply | undefined> {
    const issuer = unverifiedIssuer(token);
    const provider = account.providers.find((each) => each.issuer === issuer);
    const trusted: TrustedIssuer = { issuer: provider?.issuer ?? '', audiences: provider?.clientIds ?? [] };
    const verified = await verifier.verify(token, trusted);
    if (!('problem' in verified)) return undefined;
    const seconds = Math.floor(now() / 1000);
    const replies: Readonly<Record<SubjectProblem, () => AwsReply>> = {
      malformed: () =>
        error(
          'InvalidIdentityToken',
          'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
        ),
      issuer: () => error('InvalidIdentityToken', `No OpenIDConnect provider found in your account for ${issuer}`),
      audience: () => error('InvalidIdentityToken', 'Incorrect token audience'),
      stale: () =>
        error(
          'ExpiredTokenException',
          `Token expired: current date/time ${seconds} must be before the expiration date/time ${decodeJwt(token).exp}`,
        ),
      signature: () =>
        error(
          'InvalidIdentityToken',
          "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
        ),
    };
    return replies[verified.problem]();
  }

  function fieldProblem(form: ReadonlyMap<string, string>, policies: readonly string[]): AwsReply | undefined {
    const [arn, name, token] = ['RoleArn', 'RoleSessionName', 'WebIdentityToken'].map((field) => form.get(field));
    if (arn === undefined || arn.length < 20) return invalid('roleArn', arn, 'Member must not be null');
    if (name === undefined || !/^[\w+=,.@-]{2,64}$/.test(name))
      return invalid('roleSessionName', name, String.raw`Member must satisfy regular expression pattern: [\w+=,.@-]*`);
    if (token === undefined || token.length < 4 || token.length > 20_000)
      return invalid('webIdentityToken', token, 'Member must have length between 4 and 20000');
    const seconds = form.get('DurationSeconds') ?? '3600';
    if (!/^\d+$/.test(seconds) || Number(seconds) < 900 || Number(seconds) > 43_200)
      return invalid('durationSeconds', seconds, 'Member must have value between 900 and 43200');
    if (policies.length > 10) return invalid('policyArns', '', 'Member must have length less than or equal to 10');
    if (policies.join('').length > 2048)
      return error('PackedPolicyTooLarge', 'Packed policy consumes 127% of allotted space, please use smaller policy.');
    const unknown = policies.find((policy) => !account.hasPolicy(policy));
    return unknown === undefined ? undefined : error('ValidationError', `The policy ${unknown} does not exist.`);
  }

  return async (form: ReadonlyMap<string, string>): Promise<AwsReply> => {
    if (form.get('Version') !== '2011-06-15' || form.get('Action') !== 'AssumeRoleWithWebIdentity')
      return error(
        'InvalidAction',
        `Could not find operation ${form.get('Action')} for version ${form.get('Version')}`,
      );
    const policies = [...form].filter(([field]) => /^PolicyArns\.member\.\d+\.arn$/.test(field)).map(([, arn]) => arn);
    const token = form.get('WebIdentityToken') ?? '';
    const problem = fieldProblem(form, policies) ?? (await problemOf(token));
    if (problem) return problem;
    const { iss = '', sub = '', aud } = decodeJwt(token);
    const role = account.roleNamed(form.get('RoleArn') ?? '');
    // A role that does not exist is answered in the same way as one that does not trust the caller.
    if (!role || role.trusts.issuer !== iss)
      return error('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403);
    const seconds = Number(form.get('DurationSeconds') ?? 3600);
    if (seconds > (role.longest ?? 3600))
      return error(
        'ValidationError',
        'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      );
    const session = account.open(role, {
      sessionName: form.get('RoleSessionName') ?? '',
      policies,
      seconds,
      now: now(),
    });
    return xmlReply(200, 'AssumeRoleWithWebIdentityResponse', namespace, {
      AssumeRoleWithWebIdentityResult: {
        SubjectFromWebIdentityToken: sub,
        Audience: [aud].flat()[0],
        AssumedRoleUser: { AssumedRoleId: `AROAEXAMPLE:${session.sessionName}`, Arn: account.nameOf(session) },
        Credentials: {
          AccessKeyId: session.accessKeyId,
          SecretAccessKey: session.secretAccessKey,
          SessionToken: session.sessionToken,
          Expiration: new Date(session.ends).toISOString().replace('.000Z', 'Z'),
          ...amended(),
        },
        Provider: iss,
      },
      ResponseMetadata: { RequestId: randomUUID() },
    });
  };
}

function unverifiedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
