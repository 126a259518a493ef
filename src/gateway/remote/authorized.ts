import type { CredentialSupplier } from '../../connectors/connector.ts';
import type { HttpAnswer, HttpServer, Verdict } from '../../connectors/mcp/server.ts';
import type { Credential, CredentialFields } from '../../core/credential.ts';
import { type ErrorFacts, PassportError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import { isObject } from '../record.ts';
import { beginningOf } from './boundedText.ts';
import { plainText } from './plainText.ts';
import type { UpstreamAnswer, UpstreamHttp, UpstreamRequest } from './upstreamHttp.ts';

/** Milliseconds that a credential is kept without asking again: whoever renews or ends it elsewhere is heard this soon. */
const HELD = 30_000;
/** Characters of the other side's words in an error. */
const DETAIL = 2048;
/** Bytes of a refusal that are read. */
const LONGEST = 64 * 1024;

export interface AuthorizedPorts {
  readonly server: Pick<HttpServer, 'headers' | 'judge'>;
  readonly http: UpstreamHttp;
  readonly supply: CredentialSupplier;
  /** Every slot that the settings fill, the user's first. */
  readonly slots: readonly string[];
  /** Parameters of every error: `connection` and `host`. */
  readonly params: Readonly<Record<string, string>>;
  readonly userAgent: string;
  /** Takes what was sent out of what the other side says. */
  readonly clean: (text: string) => string;
  readonly clock: Clock;
}

/** A refusal on its way to the one repetition with a fresh credential. */
export class Rejected extends Error {
  readonly slot: string;
  readonly error: PassportError;

  constructor(slot: string, error: PassportError) {
    super('rejected');
    this.slot = slot;
    this.error = error;
  }
}

/** A status from 400 that the MCP transport gives a meaning, with what was said. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** A refusal that nothing is tried against; the credential of the slot is not good any more. */
class Spent extends Error {
  readonly slot: string;
  readonly error: PassportError;

  constructor(slot: string, error: PassportError) {
    super('spent');
    this.slot = slot;
    this.error = error;
  }
}

/** Sends with the credentials of the moment inside {@link Authorized.run}. Statuses from 300 that say nothing in MCP are thrown. */
export type Send = (request: Wanted) => Promise<UpstreamAnswer | Refusal>;

/** `lives`: what ends the request where that is not the signal of the work, because its answer outlives it. */
type Wanted = Omit<UpstreamRequest, 'signal'> & { readonly lives?: AbortSignal | undefined };

/** Requests to one server that carry the user's credentials, each from its slot. */
export interface Authorized {
  /**
   * Runs work that sends. What throws {@link Rejected} (a status, or the caller's own reading of an answer) is run once more with a
   * fresh credential in that slot, and never a third time.
   * @throws PassportError; whatever the supply throws; the signal's reason
   */
  run<T>(signal: AbortSignal, work: (send: Send) => Promise<T>): Promise<T>;
  /** The same with what is at hand, without asking for anything: for a goodbye. Undefined where something is missing. */
  runHeld<T>(signal: AbortSignal, work: (send: Send) => Promise<T>): Promise<T | undefined>;
  /** Throws what a verdict means. */
  refuse(verdict: Verdict): never;
  /** Whatever was kept belongs to somebody else now. */
  forget(): void;
}

interface Held {
  readonly credential: Credential;
  readonly until: number;
}

export function authorized(ports: AuthorizedPorts): Authorized {
  const { server, http, supply, slots, params, userAgent, clean, clock } = ports;
  const held = new Map<string, Held>();
  /** What the last request was sent with. */
  let latest: ReadonlyMap<string, Credential> = new Map();
  /** What was refused where nothing may be tried twice: told to the source at the next call. */
  const spent = new Map<string, Credential>();

  async function credentialOf(
    slot: string,
    signal: AbortSignal,
    rejected: Credential | undefined,
  ): Promise<Credential> {
    const kept = held.get(slot);
    if (!rejected && kept && clock.now() < kept.until) return kept.credential;
    held.delete(slot);
    const credential = await supply(slot, { rejected: rejected ?? spent.get(slot), signal });
    spent.delete(slot);
    const now = clock.now();
    // Not to its very end: it has to arrive, too.
    const life = credential.expiresAt === undefined ? HELD : (credential.expiresAt.getTime() - now) / 2;
    held.set(slot, { credential, until: now + Math.min(HELD, Math.max(0, life)) });
    return credential;
  }

  async function attempt<T>(
    signal: AbortSignal,
    work: (send: Send) => Promise<T>,
    rejected: { readonly slot: string; readonly credential: Credential; readonly error: PassportError } | undefined,
  ): Promise<T> {
    const given = new Map<string, Credential>();
    for (const slot of slots) {
      const old = rejected?.slot === slot ? rejected.credential : undefined;
      const credential = await credentialOf(slot, signal, old);
      // The credential that was just refused is the only one that there is.
      if (rejected && credential.id === old?.id) throw rejected.error;
      given.set(slot, credential);
    }
    // A sign-out may have come meanwhile: then it goes nowhere.
    signal.throwIfAborted();
    latest = given;
    try {
      return await work(sender(given, signal));
    } catch (error) {
      if (error instanceof Spent) throw forgotten(error, given.get(error.slot));
      if (!(error instanceof Rejected)) throw error;
      const credential = given.get(error.slot);
      if (rejected || !credential) throw error.error;
      return attempt(signal, work, { slot: error.slot, credential, error: error.error });
    }
  }

  function sender(given: ReadonlyMap<string, Credential>, signal: AbortSignal): Send {
    const fields: Record<string, CredentialFields> = {};
    for (const [slot, credential] of given) fields[slot] = credential.reveal();
    const own = { 'user-agent': userAgent, ...server.headers(fields) };
    return async ({ lives = signal, ...request }) => {
      const answer = await http.send({ ...request, headers: { ...request.headers, ...own }, signal: lives });
      return answer.status < 300 ? answer : refusalIn(answer);
    };
  }

  /** The next call asks for another one, unless one has come meanwhile. */
  function forgotten({ slot, error }: Spent, credential: Credential | undefined): PassportError {
    if (credential && held.get(slot)?.credential === credential) {
      held.delete(slot);
      spent.set(slot, credential);
    }
    return error;
  }

  /** What MCP itself says with a status goes on; everything else is an error. */
  async function refusalIn({ status, headers, body }: UpstreamAnswer): Promise<Refusal> {
    if (status < 400) {
      body.destroy();
      throw new PassportError('DP-MCP-REDIRECT', { ...params, status: String(status) });
    }
    const text = clean(await beginningOf(body, LONGEST));
    const answer = { status, headers: cleanChallenge(headers, clean), body: text };
    const verdict = server.judge?.(answer) ?? generally(answer);
    if (verdict) refuse(verdict, { status: String(status) });
    return { status, text };
  }

  function generally(answer: HttpAnswer): Verdict | undefined {
    const { status } = answer;
    if (MEANT_BY_MCP.has(status)) return undefined;
    const detail = detailOf(answer);
    if (status === 401)
      return { kind: 'rejected', slot: slots.at(-1) ?? '', error: { code: 'DP-MCP-REFUSED', params: {}, detail } };
    const code = status === 403 ? 'DP-MCP-FORBIDDEN' : 'DP-MCP-STATUS';
    return { kind: 'final', error: { code, params: {}, detail } };
  }

  function refuse(verdict: Verdict, more: ErrorFacts['params'] = {}): never {
    const error = complete(verdict.error, { ...params, ...more });
    if (verdict.kind === 'rejected') throw new Rejected(verdict.slot, error);
    if (verdict.spent !== undefined) throw new Spent(verdict.spent, error);
    throw error;
  }

  return {
    run: (signal, work) => attempt(signal, work, undefined),
    async runHeld(signal, work) {
      const now = clock.now();
      const isGood = [...latest.values()].every(({ expiresAt }) => (expiresAt?.getTime() ?? Infinity) > now);
      return latest.size === slots.length && isGood ? work(sender(latest, signal)) : undefined;
    },
    refuse: (verdict) => refuse(verdict),
    forget() {
      held.clear();
      latest = new Map();
    },
  };
}

/** Statuses that the MCP transport gives a meaning (a session that is gone, a method that is not offered, a refused message). */
const MEANT_BY_MCP: ReadonlySet<number> = new Set([400, 404, 405, 406, 409, 410, 415]);

function complete({ code, params: own, detail }: ErrorFacts, params: Readonly<Record<string, string>>): PassportError {
  return new PassportError(code, { ...params, ...own }, { detail });
}

/** A challenge may repeat what was sent, like everything else. */
function cleanChallenge(headers: HttpAnswer['headers'], clean: (text: string) => string): HttpAnswer['headers'] {
  const challenge = headers['www-authenticate'];
  return typeof challenge === 'string' ? { ...headers, 'www-authenticate': clean(challenge) } : headers;
}

/** What a server says of its refusal: the challenge, or the message of JSON. A page of HTML tells nobody anything. */
export function detailOf({ headers, body }: HttpAnswer): string | undefined {
  const challenge = String(headers['www-authenticate'] ?? '');
  const said = /json|text\/plain/i.test(String(headers['content-type'] ?? '')) ? body : '';
  const text = [/error/.test(challenge) ? challenge : '', messageIn(said) ?? said]
    .filter((part) => part !== '')
    .join(' ');
  return text === '' ? undefined : plainText(text).slice(0, DETAIL);
}

/** The message in JSON that tells of a refusal, in whichever form. */
export function messageIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const { error, message, detail } = isObject(value) ? value : {};
    const inner = isObject(error) ? error['message'] : undefined;
    return [inner, message, detail, error].find((part): part is string => typeof part === 'string');
  } catch {
    return undefined;
  }
}
