import { PassportError } from '../../core/errors.ts';
import { askService, jsonObject, type ServiceAnswer, word } from '../http.ts';
import type { MintPorts } from '../source.ts';
import { unusableAnswer } from '../unusableAnswer.ts';
import { leafTexts } from './xml.ts';

/** Who calls, for whom, and with what. */
export interface AwsCaller {
  /** Id of the connection, for error parameters. */
  readonly connection: string;
  /** Settings path of the token's settings. */
  readonly path: string;
  /** ARN of the role, for whoever has to change it. */
  readonly role: string;
  readonly ports: MintPorts;
  readonly signal?: AbortSignal | undefined;
}

export interface AwsCall {
  readonly host: string;
  /** As errors call it: `AWS STS`. */
  readonly service: string;
  /** As IAM policies call it: `sts:AssumeRoleWithWebIdentity`. */
  readonly action: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What AWS says when it is only too busy, with status 400: https://docs.aws.amazon.com/general/latest/gr/api-retries.html */
const BUSY = /^(?:Throttl|RequestThrottl|TooManyRequests|RequestLimitExceeded|SlowDown|PriorRequestNotComplete)/;

/**
 * Beginnings of what STS says where one code has many causes. A message may quote what was sent: only these words of ours are
 * ever shown.
 */
const KNOWN = [
  'Incorrect token audience',
  'No OpenIDConnect provider found in your account',
  "Couldn't retrieve verification key from your identity provider",
  "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
  'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  'The requested DurationSeconds exceeds the MaxSessionDuration set for this role',
  'Token expired',
];

/**
 * One POST to AWS. Gives the answer only where AWS agreed.
 * @throws PassportError DP-AWS-REFUSED, DP-TOKEN-SERVICE-UNREACHABLE (also where AWS is too busy), DP-TOKEN-SERVICE-ANSWER
 */
export async function callAws(
  { host, service, action, headers, body }: AwsCall,
  caller: AwsCaller,
): Promise<ServiceAnswer> {
  const { connection, path, role, ports, signal } = caller;
  const init = { method: 'POST', headers: { ...headers }, body };
  const answer = await askService({
    url: `https://${host}/`,
    init,
    service,
    connection,
    path,
    fetch: ports.fetch,
    signal,
  });
  if (answer.status === 200) return answer;
  const { code, message = '' } = faultIn(answer.text);
  if (code === undefined)
    throw unusableAnswer({ ...caller, service }, `HTTP status ${answer.status} without an error of AWS`);
  if (BUSY.test(code))
    throw new PassportError('DP-TOKEN-SERVICE-UNREACHABLE', { service, connection, reason: word(code) });
  const detail = KNOWN.find((known) => message.startsWith(known));
  throw new PassportError('DP-AWS-REFUSED', { action, connection, error: word(code), role }, { detail });
}

/** Query protocol: `ErrorResponse`. JSON 1.1: `__type`, with a namespace in front (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html). */
function faultIn(text: string): { readonly code?: string | undefined; readonly message?: string | undefined } {
  const leaves = leafTexts(text);
  if (leaves)
    return { code: leaves.get('ErrorResponse/Error/Code'), message: leaves.get('ErrorResponse/Error/Message') };
  const type = jsonObject(text)?.['__type'];
  return { code: typeof type === 'string' ? /^(?:[^#]*#)?([^:]*)/.exec(type)?.[1] : undefined };
}
