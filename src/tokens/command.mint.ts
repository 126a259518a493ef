import { createHmac, randomBytes } from 'node:crypto';

import { type Credential, credential, secretParts } from '../core/credential.ts';
import { PassportError } from '../core/errors.ts';
import { checkToken, endOf } from './claims.ts';
import type { CommandSettings } from './command.ts';
import { environmentFor } from './command/environment.ts';
import type { Fails } from './command/fails.ts';
import { findProgram } from './command/find.ts';
import { type Output, readOutput } from './command/output.ts';
import { runProgram } from './command/run.ts';
import type { MintRequest } from './source.ts';

/** What {@link file://./command.ts} mints. @throws PassportError DP-COMMAND-FAILED, DP-TOKEN-CLAIM */
export async function mint(request: MintRequest<CommandSettings>): Promise<Credential> {
  const { settings: own, connection, ports, signal } = request;
  const [program = '', ...args] = own.command;
  const where = { program, connection, path: `${request.path}.command` };
  const fails: Fails = (problem, more) => new PassportError('DP-COMMAND-FAILED', { ...where, problem }, more);
  const environment = environmentFor(process.env);
  const file = await findProgram(program, { platform: process.platform, environment }, fails);
  const { timeoutSeconds } = own;
  const bytes = await runProgram({ file, args, environment, timeoutSeconds, signal }, fails);
  const output = readOutput(bytes, { ...own, now: ports.clock.now() }, fails);
  return credentialOf(output, request);
}

function credentialOf(
  { fields, expiresAt }: Output,
  { settings: own, connection, path: where, ports }: MintRequest<CommandSettings>,
): Credential {
  const secrets = Object.values(secretParts(fields)) as readonly string[];
  const { audience, lifetimeSeconds } = own;
  const now = ports.clock.now();
  const token = fields.kind === 'aws' ? '' : (secrets[0] ?? '');
  checkToken(token, { connection, path: `${where}.audience`, audience, scopes: [], now });
  const end =
    endOf(token, expiresAt) ?? (lifetimeSeconds === undefined ? undefined : new Date(now + lifetimeSeconds * 1000));
  return credential(fields, { id: idOf([connection, ...secrets]), expiresAt: end, audience });
}

const key = randomBytes(32);

/** The same for the same secrets while this process lives. Without the key nobody can try guesses on it. */
function idOf(parts: readonly string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}
