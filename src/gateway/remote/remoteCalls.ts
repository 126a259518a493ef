import { type CallToolResult, UrlElicitationRequiredError } from '@modelcontextprotocol/server';

import { asPassportError, PassportError } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { faultFacts } from '../faultFence.ts';
import { isObject } from '../record.ts';
import type { SignInCards } from '../signInCards.ts';
import type { Use } from '../toolCalls.ts';
import { failed as failedResult, SignInNeeded } from '../toolErrors.ts';
import { answered, type Answered } from './channel.ts';
import { StreamEnded } from './exchange.ts';
import type { RemoteConnection } from './remoteConnection.ts';
import { errorOf, failureOf, type RpcMessage, type RpcRequest, resultOf } from './rpc.ts';

export interface RemoteCallPorts {
  readonly cards: SignInCards;
  readonly clock: Clock;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly onUse: (use: Use) => void;
}

export interface RemoteCall {
  readonly of: RemoteConnection;
  readonly message: RpcRequest;
  /** Aborts when the client cancels or is gone. */
  readonly controller: AbortController;
  /** Of the client. */
  readonly capabilities: unknown;
  /** What the client answered to the card of an earlier round (2026-07-28). */
  readonly cardAnswer?: { readonly action?: unknown } | undefined;
  passOn(signal: AbortSignal): Promise<Answered>;
  /** Says what belongs to no request; absent where the client holds no session. */
  readonly say?: ((notification: RpcMessage) => void) | undefined;
}

/** Requests to remote servers: what is refused here, the time limit, what an error becomes, and one audit line for each tool call. */
export interface RemoteCalls {
  /** Every failure becomes an answer. @throws StreamEnded; the controller's reason when the client gave up */
  answer(call: RemoteCall): Promise<Answered>;
  reached(of: RemoteConnection): void;
  failed(of: RemoteConnection, error: unknown): void;
}

export function remoteCalls({ cards, clock, log, redact, onUse }: RemoteCallPorts): RemoteCalls {
  function reached(of: RemoteConnection): void {
    const { wire, role } = of.configured;
    const info = of.remembered()?.['serverInfo'];
    const { name, version } = isObject(info) ? info : {};
    const details = {
      ...(typeof name === 'string' && { server: name }),
      ...(typeof version === 'string' && { version }),
    };
    onUse({ connection: wire.id, identity: { user: wire.account ?? '', role, details } });
  }

  function failed(of: RemoteConnection, thrown: unknown): PassportError {
    const error = asPassportError(thrown);
    const connection = of.configured.wire.id;
    if (error.code === 'DP-INTERNAL') log.error('a remote call failed', { connection, ...faultFacts(thrown) });
    onUse({ connection, error });
    return error;
  }

  /** Runs within the connection's time limit; whichever end comes first is the reason. */
  async function limited({ of, message, controller, passOn }: RemoteCall): Promise<Answered> {
    const { id, limits } = of.configured.wire;
    const late = new AbortController();
    const seconds = String(limits.seconds);
    const isEndless = message.method === 'subscriptions/listen';
    const timer = isEndless
      ? undefined
      : setTimeout(
          () => late.abort(new PassportError('DP-MCP-TIMEOUT', { connection: id, seconds })),
          limits.seconds * 1000,
        );
    try {
      return await passOn(AbortSignal.any([controller.signal, of.life, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  function audit({ of, message }: RemoteCall, outcome: string, startedAt: number): void {
    if (message.method !== 'tools/call') return;
    const tool = message.params?.['name'];
    log.info('tool call', {
      tool: typeof tool === 'string' ? tool.slice(0, 128) : undefined,
      connection: of.configured.wire.id,
      outcome,
      ms: Math.round(clock.now() - startedAt),
      principal: of.configured.principal,
    });
  }

  /** What an error becomes where its call has an answer. */
  function refused({ of, message }: RemoteCall, error: PassportError): Answered {
    const { id, method, params } = message;
    // Signed out or the server away: the tools that the user knows stay listed, and nothing is to be had beside them.
    if (method === 'tools/list' && params?.['cursor'] === undefined)
      return answered(resultOf(id, { tools: of.policies.knownTools() }));
    const quiet = error.code === 'DP-MCP-NOT-ALLOWED' ? undefined : standIn(message);
    if (quiet) return quiet;
    return answered(
      method === 'tools/call' ? resultOf(id, withoutFields(failedResult(error, redact))) : failureOf(id, error, redact),
    );
  }

  async function card(call: RemoteCall, needed: SignInNeeded): Promise<Answered> {
    const { message, capabilities, controller, say, cardAnswer } = call;
    if (message.method !== 'tools/call') return refused(call, needed);
    try {
      const outcome = await cards.show({
        needed,
        signal: controller.signal,
        capabilities: isObject(capabilities) ? capabilities : undefined,
        answered: cardAnswer,
        notifier:
          say &&
          ((elicitationId) => () => {
            say({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId } });
            return Promise.resolve();
          }),
      });
      if (outcome.kind === 'ask') return answered(resultOf(message.id, outcome.result));
      if (outcome.kind === 'again') return await again(call);
      return refused(call, needed);
    } catch (error) {
      if (!(error instanceof UrlElicitationRequiredError)) throw error;
      return answered(errorOf(message.id, error.code, error.message, error.data));
    }
  }

  async function again(call: RemoteCall): Promise<Answered> {
    try {
      return call.of.policies.answer(call.message, await limited(call));
    } catch (error) {
      return refused(call, failed(call.of, error));
    }
  }

  return {
    reached,
    failed,
    async answer(call) {
      const { of, message, controller } = call;
      const startedAt = clock.now();
      try {
        const refusal = of.policies.refusal(message);
        if (refusal) throw refusal;
        const local = of.introduces ? undefined : standIn(message);
        if (local) return local;
        const given = of.policies.answer(message, await limited(call));
        if (message.method === 'tools/list') of.listed(true);
        audit(call, 'ok', startedAt);
        if (message.method === 'tools/call' || message.method === 'tools/list') reached(of);
        return given;
      } catch (thrown) {
        if (thrown instanceof StreamEnded) throw thrown;
        if (controller.signal.aborted) {
          audit(call, 'DP-MCP-CANCELED', startedAt);
          throw controller.signal.reason;
        }
        const error = failed(of, thrown);
        audit(call, error.code, startedAt);
        return error instanceof SignInNeeded ? card(call, error) : refused(call, error);
      }
    },
  };
}

/** What a server that knows tools alone leaves to us. */
function standIn({ id, method }: RpcRequest): Answered | undefined {
  if (method === 'ping' || method === 'logging/setLevel') return answered(resultOf(id, {}));
  if (method === 'resources/list') return answered(resultOf(id, { resources: [] }));
  if (method === 'resources/templates/list') return answered(resultOf(id, { resourceTemplates: [] }));
  return method === 'prompts/list' ? answered(resultOf(id, { prompts: [] })) : undefined;
}

/** The sentence alone: fields would have to fit the schema that a remote tool has for its results. */
function withoutFields({ structuredContent: _fields, ...rest }: CallToolResult): CallToolResult {
  return rest;
}
