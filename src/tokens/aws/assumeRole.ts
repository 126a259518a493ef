import { clockAhead, instant } from '../serverClock.ts';
import { unusableAnswer } from '../unusableAnswer.ts';
import { type AwsCaller, callAws } from './call.ts';
import { stsHost } from './hosts.ts';
import type { AwsKeys } from './signature.ts';
import { leafTexts } from './xml.ts';

const SERVICE = 'AWS STS';

export interface RoleRequest {
  readonly region: string;
  /** JWT of the user. */
  readonly token: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  /** ARNs of managed policies that narrow the session; together they allow what any of them allows. */
  readonly policies: readonly string[];
}

interface Keys extends AwsKeys {
  readonly sessionToken: string;
}

/** Temporary keys of a role, in the name of a person. */
export interface RoleSession extends Keys {
  /** By the clock of this machine. */
  readonly endsAt: Date;
  /** Milliseconds by which the clock of AWS is ahead. */
  readonly ahead: number;
}

/**
 * Exchanges the user's token for keys of the role, in an unsigned request: whatever AWS credentials this machine has play no
 * part (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
 * @throws PassportError DP-AWS-REFUSED, DP-TOKEN-SERVICE-*
 */
export async function assumeRole(request: RoleRequest, caller: AwsCaller): Promise<RoleSession> {
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: caller.role,
    RoleSessionName: request.sessionName,
    WebIdentityToken: request.token,
    DurationSeconds: String(request.durationSeconds),
  });
  request.policies.forEach((policy, index) => form.set(`PolicyArns.member.${index + 1}.arn`, policy));
  const { text, headers } = await callAws(
    {
      host: stsHost(request.region),
      service: SERVICE,
      action: 'sts:AssumeRoleWithWebIdentity',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: form.toString(),
    },
    caller,
  );
  const { end, ...keys } = readKeys(text, caller);
  const ahead = clockAhead(headers, caller.ports.clock.now());
  return { ...keys, endsAt: new Date(end - ahead), ahead };
}

function readKeys(text: string, caller: AwsCaller): Keys & { readonly end: number } {
  const wrong = (problem: string): Error => unusableAnswer({ ...caller, service: SERVICE }, problem);
  const leaves = leafTexts(text);
  if (!leaves) throw wrong('it is not the XML of an answer');
  const field = (name: string): string => {
    const value = leaves.get(`AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/${name}`);
    if (value === undefined || !/^[\x21-\x7e]+$/.test(value))
      throw wrong(`its ${name} is ${value === undefined ? 'missing' : 'malformed'}`);
    return value;
  };
  const secrets = { secretAccessKey: field('SecretAccessKey'), sessionToken: field('SessionToken') };
  for (const secret of Object.values(secrets)) caller.ports.know(secret);
  const end = instant(field('Expiration'));
  if (Number.isNaN(end)) throw wrong('its Expiration is no time');
  return { accessKeyId: field('AccessKeyId'), ...secrets, end };
}
