import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import type { CredentialSupplier } from '../../connectors/connector.ts';
import type { ProgramServer } from '../../connectors/mcp/server.ts';
import type { Credential } from '../../core/credential.ts';
import { tokenOf } from '../../core/credential.ts';
import { PassportError } from '../../core/errors.ts';
import type { WireConnection } from '../../core/link.ts';
import type { NetworkFacts } from '../../core/network.ts';
import type { Clock } from '../../core/ports.ts';
import { type ApiFront, apiFront } from './apiFront.ts';
import type { OpenPipe } from './pipe.ts';
import { followProgram, type RunningProgram } from './programEnd.ts';
import type { RpcMessage } from './rpc.ts';

/** Milliseconds before the end of a token at which its program is started anew. */
const AHEAD = 30_000;
/** Seconds that a token should still live when its program starts. */
const LEAST_LIFE = 120;
/** Milliseconds that a program runs at least. */
const LEAST_RUN = 1000;

export interface ProgramPorts {
  readonly wire: WireConnection;
  readonly reach: ProgramServer;
  readonly slots: readonly string[];
  readonly supply: CredentialSupplier;
  readonly network: NetworkFacts;
  readonly clock: Clock;
  readonly life: AbortSignal;
  /** What every program gets: the variables of the extension host that it needs to find its way. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

/**
 * Starts the program and speaks to it over its standard input and output. The credential is asked for in any case: it is handed out only
 * where the user has agreed to the program, and not in Restricted Mode.
 */
export function programPipe(ports: ProgramPorts): OpenPipe {
  const { wire, reach, slots, supply, clock, life, environment = {} } = ports;
  const failed = (problem: string): PassportError =>
    new PassportError('DP-MCP-PROGRAM', { connection: wire.id, program: reach.command, problem });

  return async ({ hear, ended, retire }, signal) => {
    const credential = await supply(slots[0] ?? '', { leastLife: LEAST_LIFE, signal });
    const front = reach.api && (await apiFront({ ...ports, api: reach.api }));
    if (life.aborted) await front?.close();
    // Nothing would hear of an end that is over by now.
    life.throwIfAborted();
    const transport = new StdioClientTransport({
      command: reach.command,
      args: [...reach.args],
      env: environmentFor(environment, { reach, credential, front }),
      stderr: 'ignore',
      ...(reach.cwd !== undefined && { cwd: reach.cwd }),
    });
    let program: RunningProgram | undefined;
    let closing = false;
    const close = async (): Promise<void> => {
      closing = true;
      clearTimeout(timer);
      life.removeEventListener('abort', onEnd);
      program?.ending();
      await Promise.allSettled([transport.close(), front?.close()]);
    };
    const onEnd = (): void => void close();
    const over = (error: PassportError): void => {
      if (!closing) ended(error);
      void close();
    };
    Object.assign(transport, {
      onmessage: (message: RpcMessage) => hear(message),
      onclose() {
        program?.gone();
        over(failed('ended'));
      },
    });
    life.addEventListener('abort', onEnd, { once: true });
    const timer = restartBefore(credential, reach, clock, retire);
    try {
      await transport.start();
      if (transport.pid !== null) program = followProgram(transport.pid);
      if (closing) program?.ending();
    } catch (error) {
      closing = true;
      await close();
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      throw failed(code === 'ENOENT' ? 'is not there' : `could not be started (${code})`);
    }
    return {
      async send(message) {
        try {
          await transport.send(message as Parameters<typeof transport.send>[0]);
        } catch {
          throw failed('ended');
        }
      },
      close,
    };
  };
}

interface Given {
  readonly reach: ProgramServer;
  readonly credential: Credential;
  readonly front: ApiFront | undefined;
}

function environmentFor(
  inherited: Readonly<Record<string, string>>,
  { reach: { environment, tokenVariable, api }, credential, front }: Given,
): Record<string, string> {
  const token = tokenOf(credential.reveal());
  // On Windows a name in other letters is the same name, and only one of the two would count.
  const own = new Set(Object.keys(environment).map(spelled));
  return {
    ...Object.fromEntries(Object.entries(inherited).filter(([name]) => !own.has(spelled(name)))),
    ...environment,
    ...(tokenVariable !== undefined && token !== undefined && { [tokenVariable]: token }),
    ...(api && front && { [api.variable]: front.address }),
  };
}

const spelled = (name: string): string => (process.platform === 'win32' ? name.toUpperCase() : name);

/** A program can not be told of a new token. */
function restartBefore(
  { expiresAt }: Credential,
  { tokenVariable }: ProgramServer,
  clock: Clock,
  restart: () => void,
): NodeJS.Timeout | undefined {
  if (tokenVariable === undefined || expiresAt === undefined) return undefined;
  const left = expiresAt.getTime() - clock.now();
  // A timer of more than 24 days fires at once.
  return setTimeout(restart, Math.min(Math.max(left - Math.min(AHEAD, left / 10), LEAST_RUN), 2 ** 31 - 1)).unref();
}
