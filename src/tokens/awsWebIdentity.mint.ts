import { randomUUID } from 'node:crypto';

import { fillFromClaims } from '../core/claimTemplate.ts';
import { credential, type Credential } from '../core/credential.ts';
import { PassportError } from '../core/errors.ts';
import { type Claims, decodeJwt } from '../core/jwt.ts';
import type { SignIn } from '../core/signIn.ts';
import { assumeRole, type RoleSession } from './aws/assumeRole.ts';
import type { AwsCaller } from './aws/call.ts';
import { type DatabaseLogin, rdsToken } from './aws/rdsToken.ts';
import { cluster, redshiftLogin, serverless } from './aws/redshift.ts';
import { partitionOf } from './aws/region.ts';
import { sessionName } from './aws/sessionName.ts';
import type { AwsSettings } from './aws/settings.ts';
import type { MintRequest } from './source.ts';
import { subjectToken } from './subjectToken.ts';
import { unusableAnswer } from './unusableAnswer.ts';

/**
 * Milliseconds before their end that keys are given up. The AWS SDKs ask for new ones, several times a call, when theirs have
 * less than five minutes left (aws-sdk-js-v3, memoizeIdentityProvider). Passwords are for logging in, which is done at once:
 * there the cache's own margin is enough.
 */
const SPARE = 5 * 60_000;

type Request = MintRequest<AwsSettings> & { readonly signIn: SignIn };

/** What {@link file://./awsWebIdentity.ts} mints. @throws PassportError DP-AWS-REFUSED, DP-TOKEN-SERVICE-*, DP-TOKEN-CLAIM, DP-SETTING-INVALID */
export async function mint(request: Request): Promise<Credential> {
  const { settings: own, signIn, connection, path, signal, ports } = request;
  const caller: AwsCaller = { connection, path, role: own.role, ports, signal };
  const token = await subjectToken({ ...request, wish: own });
  const claims = decodeJwt(token)?.claims;
  // A name that can not be is better found before anything is sent.
  const user = own.database?.kind === 'rds' ? databaseUser(own.database.user, claims, request) : '';
  const policies = own.sessionPolicy
    ? [`arn:${partitionOf(own.region)}:iam::aws:policy/ReadOnlyAccess`]
    : own.policyArns;
  const session = await assumeRole(
    { ...own, token, sessionName: sessionName(claims, signIn.subject), policies: policies ?? [] },
    caller,
  );
  const login = await databaseLogin({ own, user, session }, caller);
  return login ? loginCredential(login, request, caller) : keyCredential(session, request, caller);
}

/** @throws PassportError DP-SETTING-INVALID */
function databaseUser(template: string, claims: Claims | undefined, { path }: Request): string {
  const filled = fillFromClaims(template, claims);
  const wrong = (problem: string): PassportError =>
    new PassportError('DP-SETTING-INVALID', { path: `${path}.database.user`, problem });
  if ('missing' in filled) throw wrong(`the token has no claim ${filled.missing}`);
  // It becomes a part of a URL and of a start-up message: neither can hold these.
  if (/\p{Cc}/u.test(filled.text) || !filled.text.isWellFormed())
    throw wrong('the name has a character that no name has');
  return filled.text;
}

interface LoginWish {
  readonly own: AwsSettings;
  /** Of RDS. */
  readonly user: string;
  readonly session: RoleSession;
}

async function databaseLogin({ own, user, session }: LoginWish, caller: AwsCaller): Promise<DatabaseLogin | undefined> {
  const { database: target, region, durationSeconds } = own;
  if (target?.kind === 'rds')
    return rdsToken({ host: target.host, port: target.port, user, region }, session, caller.ports.clock.now());
  if (!target) return undefined;
  const [dialect, name] = target.kind === 'redshift' ? [cluster, target.cluster] : [serverless, target.workgroup];
  return redshiftLogin(dialect, { region, name, database: target.database, durationSeconds }, session, caller);
}

function loginCredential({ user, password, endsAt }: DatabaseLogin, request: Request, caller: AwsCaller): Credential {
  return credential({ kind: 'password', user, password }, facts(endsAt, request, caller));
}

function keyCredential(session: RoleSession, request: Request, caller: AwsCaller): Credential {
  const { accessKeyId, secretAccessKey, sessionToken, endsAt } = session;
  const { region } = request.settings;
  const fields = { kind: 'aws' as const, accessKeyId, secretAccessKey, sessionToken, region };
  return credential(fields, facts(new Date(endsAt.getTime() - SPARE), request, caller));
}

function facts(expiresAt: Date, { signIn, ports }: Request, caller: AwsCaller) {
  if (expiresAt.getTime() <= ports.clock.now())
    throw unusableAnswer({ ...caller, service: 'AWS' }, 'it has ended already');
  return { id: randomUUID(), expiresAt, subject: signIn.subject };
}
