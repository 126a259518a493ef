import { PassportError } from '../../core/errors.ts';
import { isObject } from '../record.ts';
import { answered, type Answered, type Call, type Channel, type Heard, SessionLost } from './channel.ts';
import { plainText } from './plainText.ts';
import { cancellation, isRequest, reasonOf, isResponse, type RpcId, type RpcMessage, type RpcRequest } from './rpc.ts';

/** Milliseconds for a goodbye. */
const GOODBYE = 3000;

/** A connection that carries whole messages both ways: an event stream with a place to post, or a program. */
export interface Pipe {
  /** @throws PassportError */
  send(message: RpcMessage, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Who hears of a pipe. */
export interface PipeEnd {
  /** Every message of the server. */
  readonly hear: (message: RpcMessage) => void;
  /** There are no more, for this reason. */
  readonly ended: (error: PassportError) => void;
  /** What runs may finish; whatever comes after that wants another pipe. */
  readonly retire: () => void;
}

export type OpenPipe = (end: PipeEnd, signal: AbortSignal) => Promise<Pipe>;

interface Waiting {
  readonly hear: (heard: Heard) => void;
  readonly progressToken: unknown;
  readonly resolve: (answer: Answered) => void;
  readonly reject: (error: Error) => void;
}

export interface PipedPorts {
  readonly open: OpenPipe;
  /** Parameters of errors: `connection` and `host`. */
  readonly params: Readonly<Record<string, string>>;
  /** Where it is a program: its name. */
  readonly program?: string | undefined;
}

/** A conversation over a pipe: what comes is an answer, or belongs to a running call, or to nobody. @throws PassportError */
export async function openPiped(
  initialize: RpcRequest,
  signal: AbortSignal,
  { open, params, program }: PipedPorts,
): Promise<Channel> {
  const waiting = new Map<RpcId, Waiting>();
  let beside: ((heard: Heard) => void) | undefined;
  let end: PassportError | undefined;
  let retired = false;

  function receive(message: RpcMessage): void {
    if (isResponse(message)) {
      const call = message.id === undefined ? undefined : waiting.get(message.id);
      call?.resolve(answered(message));
      return;
    }
    // Progress belongs to the call that asked for it; requests and log lines most likely to the newest one.
    const token = message.method === 'notifications/progress' ? message.params?.['progressToken'] : undefined;
    const calls = [...waiting.values()];
    const mine = token === undefined ? undefined : calls.find(({ progressToken }) => progressToken === token);
    const anyone = isRequest(message) || message.method === 'notifications/message' ? calls.at(-1)?.hear : undefined;
    (mine?.hear ?? anyone ?? beside)?.({ message });
  }

  function ended(error: PassportError): void {
    end ??= error;
    for (const { reject } of waiting.values()) reject(error);
  }

  function retire(): void {
    retired = true;
    if (waiting.size === 0) void pipe.close();
  }

  const pipe = await open({ hear: receive, ended, retire }, signal);

  function request({ message, signal: canceled, hear }: Call): Promise<Answered> {
    if (end || retired) return Promise.reject(new SessionLost());
    return new Promise<Answered>((resolve, reject) => {
      const meta = message.params?.['_meta'];
      const progressToken = isObject(meta) ? meta['progressToken'] : undefined;
      const settled =
        <Value>(done: (value: Value) => void) =>
        (value: Value): void => {
          canceled.removeEventListener('abort', onAbort);
          waiting.delete(message.id);
          if (retired && waiting.size === 0) void pipe.close();
          done(value);
        };
      const give = settled(resolve);
      const fail = settled(reject);
      const onAbort = (): void => {
        fail(canceled.reason as Error);
        pipe.send(cancellation(message.id, reasonOf(canceled)), AbortSignal.timeout(GOODBYE)).catch(() => undefined);
      };
      canceled.addEventListener('abort', onAbort, { once: true });
      waiting.set(message.id, { hear, progressToken, resolve: give, reject: fail });
      pipe.send(message, canceled).catch(fail);
    });
  }

  const opening: Call = { message: initialize, signal, hear: () => undefined };
  const { message } = await request(opening).catch(async (error: unknown) => {
    await pipe.close();
    throw error;
  });
  const { result } = message;
  if (!isObject(result)) {
    await pipe.close();
    const said = isObject(message.error) ? plainText(String(message.error['message'])).slice(0, 200) : 'no result';
    const problem = `refuses to begin a conversation: ${said}`;
    throw program === undefined
      ? new PassportError('DP-MCP-ANSWER', { ...params, problem: `it ${problem}` })
      : new PassportError('DP-MCP-PROGRAM', { ...params, program, problem });
  }
  return {
    initialized: result,
    request,
    tell: (told, canceled) => pipe.send(told, canceled),
    listen(hear, canceled) {
      beside = hear;
      return new Promise((resolve) => {
        const onAbort = (): void => {
          if (beside === hear) beside = undefined;
          resolve();
        };
        if (canceled.aborted) onAbort();
        canceled.addEventListener('abort', onAbort, { once: true });
      });
    },
    close: () => pipe.close(),
  };
}
