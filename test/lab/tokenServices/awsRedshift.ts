import { randomBytes, randomUUID } from 'node:crypto';

import type { AwsAccount, AwsSession } from './awsAccount.ts';
import { type AwsReply, type Elements, jsonError, jsonReply, xmlError, xmlReply } from './awsAnswers.ts';
import type { Verdict } from './awsSignature.ts';

const namespace = 'http://redshift.amazonaws.com/doc/2012-12-01/';

/** A password that was given out. */
export interface RedshiftPassword {
  readonly user: string;
  readonly password: string;
  readonly database: string | undefined;
  readonly seconds: number;
  /** Who asked for it, as CloudTrail has it. */
  readonly askedBy: string;
}

export interface RedshiftOptions {
  readonly account: AwsAccount;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What is put in place of fields of good answers. */
  readonly amended: () => Readonly<Record<string, unknown>>;
  readonly issued: RedshiftPassword[];
}

/** Codes of the query protocol, and of JSON, for a signature that is nobody's. */
const signatureErrors: Readonly<Record<string, readonly [string, string]>> = {
  missing: ['MissingAuthenticationToken', 'MissingAuthenticationTokenException'],
  key: ['InvalidClientTokenId', 'UnrecognizedClientException'],
  token: ['InvalidClientTokenId', 'UnrecognizedClientException'],
  ended: ['ExpiredToken', 'ExpiredTokenException'],
};
const otherSignature = ['SignatureDoesNotMatch', 'InvalidSignatureException'] as const;

/**
 * Plays GetClusterCredentialsWithIAM (https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html)
 * and GetCredentials of Redshift Serverless (https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html).
 */
export function createRedshift({ account, now, amended, issued }: RedshiftOptions) {
  function issue(session: AwsSession, database: string | undefined, seconds: number) {
    const user = `IAMR:${session.role.arn.split('/').at(-1)}`;
    const password = `${randomBytes(48).toString('base64')}&<'>`;
    issued.push({ user, password, database, seconds, askedBy: account.nameOf(session) });
    return { user, password, ends: now() + seconds * 1000, refreshes: now() + seconds * 500 };
  }

  function sessionOf({ accessKeyId, problem }: Verdict): AwsSession | { readonly codes: readonly string[] } {
    const session = account.session(accessKeyId ?? '');
    return session ?? { codes: signatureErrors[problem ?? ''] ?? otherSignature };
  }

  return {
    cluster(form: ReadonlyMap<string, string>, verdict: Verdict): AwsReply {
      const error = (code: string, message: string, status = 400): AwsReply =>
        xmlError(status, code, message, namespace);
      const session = sessionOf(verdict);
      if ('codes' in session) return error(session.codes[0] ?? '', 'The request signature is not good.', 403);
      if (form.get('Version') !== '2012-12-01' || form.get('Action') !== 'GetClusterCredentialsWithIAM')
        return error('InvalidAction', 'Could not find operation');
      const action = 'redshift:GetClusterCredentialsWithIAM';
      if (!account.allows(session, action))
        return error('AccessDenied', `User: ${account.nameOf(session)} is not authorized to perform: ${action}`, 403);
      const name = form.get('ClusterIdentifier') ?? '';
      if (!account.clusters?.includes(name)) return error('ClusterNotFound', `Cluster ${name} not found.`, 404);
      const seconds = Number(form.get('DurationSeconds') ?? 900);
      if (!(seconds >= 900 && seconds <= 3600))
        return error('InvalidParameterValue', 'DurationSeconds is out of range.');
      const { user, password, ends, refreshes } = issue(session, form.get('DbName'), seconds);
      return xmlReply(200, 'GetClusterCredentialsWithIAMResponse', namespace, {
        GetClusterCredentialsWithIAMResult: {
          DbUser: user,
          DbPassword: password,
          Expiration: new Date(ends).toISOString(),
          NextRefreshTime: new Date(refreshes).toISOString(),
          ...(amended() as Elements),
        },
        ResponseMetadata: { RequestId: randomUUID() },
      });
    },

    serverless(body: string, target: string, verdict: Verdict): AwsReply {
      const session = sessionOf(verdict);
      if ('codes' in session) return jsonError(session.codes[1] ?? '', 'The request signature is not good.');
      if (target !== 'RedshiftServerless.GetCredentials') return jsonError('UnknownOperationException', '');
      const wish = JSON.parse(body) as { workgroupName?: string; dbName?: string; durationSeconds?: number };
      const action = 'redshift-serverless:GetCredentials';
      if (!account.allows(session, action))
        return jsonError(
          'AccessDeniedException',
          `User: ${account.nameOf(session)} is not authorized to perform: ${action}`,
        );
      const { workgroupName: name = '', dbName, durationSeconds: seconds = 900 } = wish;
      // With a namespace in front of the type, as some services of this protocol have it.
      if (!account.workgroups?.includes(name))
        return jsonError('com.amazonaws.redshiftserverless#ResourceNotFoundException', `Workgroup ${name} not found.`);
      if (!(seconds >= 900 && seconds <= 3600))
        return jsonError('ValidationException', 'durationSeconds is out of range.');
      const { user, password, ends, refreshes } = issue(session, dbName, seconds);
      const answer = { dbUser: user, dbPassword: password, expiration: ends / 1000, nextRefreshTime: refreshes / 1000 };
      return jsonReply(200, { ...answer, ...amended() });
    },
  };
}
