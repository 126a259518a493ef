import { asPassportError, PassportError } from '../core/errors.ts';
import type { SignInPage } from '../core/link.ts';
import type { Clock, Log } from '../core/ports.ts';
import { told, untranslated } from '../core/told.ts';
import type { DeviceCode, FlowHandler, FlowHost, FlowName, Outcome, Prompt, RunningFlow } from './flows/flow.ts';
import { suitableFlows } from './flows/suitable.ts';
import type { Account, Authorization, Provider, SignInRequest, TokenSet } from './provider.ts';

export interface AttemptsDeps {
  readonly provider: Provider;
  readonly host: FlowHost;
  readonly clock: Clock;
  readonly log: Log;
  /** What the sign-in asks for, looked up when the user begins it. */
  readonly requests: () => SignInRequest;
  /** Takes over what a sign-in brought, if it is still wanted. @throws PassportError DP-SIGN-IN-CANCELED, -RESPONSE */
  readonly take: (tokens: TokenSet, request: SignInRequest, stillWanted: () => boolean) => Promise<Taken>;
}

export interface Taken {
  readonly account: Account;
  /** Settles when the user has answered: with the account, or as canceled. Absent when there was nothing to ask. */
  readonly asked?: Promise<void> | undefined;
}

/** A sign-in that waits for the user. */
export interface SignInAttempt {
  readonly flow: FlowName;
  readonly prompt: Prompt;
  readonly redirectUri: string | undefined;
  /** Other ways that would do here, best first. */
  readonly others: readonly FlowName[];
  /** Takes the address that the browser ended at, where the user brings it. @throws PassportError DP-SIGN-IN-PASTED */
  receive(url: URL): Promise<boolean>;
  /** Settles with the account, or rejects: DP-SIGN-IN-CANCELED, -TIMEOUT, -EXPIRED, -REFUSED, -RESPONSE, DP-CLOCK, DP-PROVIDER-*. */
  readonly done: Promise<Account>;
  cancel(): void;
}

/** The sign-ins at one provider that wait for the user: one flow at a time, whoever asks for it. */
export interface Attempts {
  /** An attempt that already waits is canceled. @param flow the one that the user chose @throws PassportError DP-SIGN-IN-PORTS, DP-SIGN-IN-FLOW, DP-PROVIDER-* */
  begin(flow?: FlowName): Promise<SignInAttempt>;
  /** What a sign-in card opens, good for a quarter of an hour; `undefined` where no page can start a sign-in. */
  page(): Promise<SignInPage | undefined>;
  /** A redirect that reached the editor. False when nobody here waits for it. */
  receive(url: URL): Promise<boolean>;
  cancel(): void;
}

const MINUTE = 60_000;
const ATTEMPT_MINUTES = 5;
const PAGE_MINUTES = 15;

interface Waiter {
  resolve(account: Account): void;
  reject(error: PassportError): void;
}

/** One flow from its beginning to its end; everything that arrives later for another one is dropped. */
interface Serving {
  readonly name: FlowName;
  readonly running: Promise<RunningFlow>;
  /** The newest try over a redirect. */
  trying?: { readonly authorization: Authorization; readonly request: SignInRequest } | undefined;
  closesAt: number;
  timer?: NodeJS.Timeout | undefined;
}

export function createAttempts({ provider, host, clock, log, requests, take }: AttemptsDeps): Attempts {
  const { description } = provider;
  let serving: Serving | undefined;
  let waiter: Waiter | undefined;

  const canceled = (): PassportError => new PassportError('DP-SIGN-IN-CANCELED', { provider: description.title });

  function settle(how: (waiting: Waiter) => void): void {
    const waiting = waiter;
    waiter = undefined;
    if (waiting) how(waiting);
  }

  function close(): void {
    const gone = serving;
    serving = undefined;
    clearTimeout(gone?.timer);
    gone?.running.then((flow) => flow.close()).catch(() => undefined);
  }

  /** What came back, taken over if it is still wanted. */
  async function finish(mine: Serving, tokens: () => Promise<TokenSet>, request: SignInRequest): Promise<Outcome> {
    const { title } = description;
    try {
      const answer = await tokens();
      const { account, asked } = await take(answer, request, () => serving === mine);
      if (asked) {
        void asked.then(
          () => succeed(mine, account),
          (thrown: unknown) => fail(mine, asPassportError(thrown)),
        );
        return { kind: 'asked', account: account.label, provider: title };
      }
      succeed(mine, account);
      return { kind: 'signedIn', account: account.label, provider: title };
    } catch (thrown) {
      const error = asPassportError(thrown);
      fail(mine, error);
      const { sentence: message, fix } = told(error, host.translated ?? untranslated);
      return { kind: 'failed', message, fix };
    }
  }

  function succeed(mine: Serving, account: Account): void {
    if (serving !== mine) return;
    settle((waiting) => waiting.resolve(account));
    close();
  }

  function fail(mine: Serving, error: PassportError): void {
    log.warn('Sign-in failed', { provider: description.id, flow: mine.name, error: error.code });
    // Whoever waits on a newer flow waits for something else.
    if (serving !== mine) return;
    settle((waiting) => waiting.reject(error));
    // A start page can be opened again; everything else is used up.
    if (mine.name !== 'loopback') close();
  }

  function handlerOf(mine: () => Serving): FlowHandler {
    return {
      async start(redirectUri) {
        const own = mine();
        if (serving !== own) throw canceled();
        keepOpen(own, ATTEMPT_MINUTES);
        const request = requests();
        const authorization = await provider.authorize(redirectUri, request);
        own.trying = { authorization, request };
        return authorization.url;
      },
      expectedState: () => mine().trying?.authorization.state,
      finish(callback) {
        const own = mine();
        const { trying } = own;
        // A code is redeemed once: from here on the same redirect is stale.
        own.trying = undefined;
        const redeem = (): Promise<TokenSet> =>
          trying ? trying.authorization.redeem(callback) : Promise.reject(canceled());
        return finish(own, redeem, trying?.request ?? requests());
      },
      async device(abort): Promise<DeviceCode> {
        const own = mine();
        const request = requests();
        const { tokens, ...code } = await provider.device(request, abort);
        void finish(own, () => tokens, request);
        return code;
      },
    };
  }

  function keepOpen(mine: Serving, minutes: number): void {
    mine.closesAt = Math.max(mine.closesAt, clock.now() + minutes * MINUTE);
    clearTimeout(mine.timer);
    mine.timer = setTimeout(() => void timeOut(mine), mine.closesAt - clock.now()).unref();
  }

  async function timeOut(mine: Serving): Promise<void> {
    const running = await mine.running.catch(() => undefined);
    if (serving !== mine) return;
    const params = {
      provider: description.title,
      minutes: String(ATTEMPT_MINUTES),
      redirectUri: running?.redirectUri ?? '',
      clientId: description.clientId,
    };
    settle((waiting) => waiting.reject(new PassportError('DP-SIGN-IN-TIMEOUT', params)));
    close();
  }

  /** The flow that waits already: a card in the chat may show its page or its code. Otherwise a new one. */
  async function open(name: FlowName, minutes: number): Promise<RunningFlow> {
    if (serving?.name !== name || !LASTING.has(name)) {
      close();
      const mine: Serving = { name, closesAt: 0, running: begin(name, () => mine) };
      serving = mine;
      mine.running.catch(() => {
        if (serving === mine) close();
      });
    }
    const mine = serving;
    keepOpen(mine, minutes);
    const running = await mine.running;
    if (running.prompt.kind === 'code') {
      const left = (running.prompt.code.expiresAt.getTime() - clock.now()) / MINUTE;
      keepOpen(mine, left + 1);
    }
    return running;
  }

  async function begin(name: FlowName, mine: () => Serving): Promise<RunningFlow> {
    // Loaded with the first sign-in; and not begun before the one that it serves is known.
    const { flows } = await import('./flows/index.ts');
    return flows[name].begin({ description, handler: handlerOf(mine), host });
  }

  /** The first that can be begun: whether a provider has device codes shows only now. */
  async function openFirst(names: readonly FlowName[], minutes: number): Promise<RunningFlow> {
    const { id, title: provider, clientId } = description;
    const path = `dataPassport.identityProviders.${id}.flow`;
    let failure: unknown = new PassportError('DP-SIGN-IN-FLOW', { provider, flow: 'way to sign in', path, clientId });
    for (const name of names) {
      try {
        return await open(name, minutes);
      } catch (error) {
        failure = error;
        const passable = error instanceof PassportError && PASSABLE.has(error.code);
        if (!passable) throw error;
        log.info('A way to sign in can not be used here', { provider: description.id, flow: name, error: error.code });
      }
    }
    throw failure;
  }

  return {
    async begin(flow) {
      settle((waiting) => waiting.reject(canceled()));
      const { promise, resolve, reject } = Promise.withResolvers<Account>();
      const own: Waiter = { resolve, reject };
      waiter = own;
      promise.catch(() => undefined);
      const suitable = suitableFlows(host.place, description);
      let running: RunningFlow;
      try {
        running = await openFirst(flow === undefined ? suitable : [flow], ATTEMPT_MINUTES);
      } catch (error) {
        if (waiter === own) waiter = undefined;
        throw error;
      }
      return {
        flow: running.flow,
        prompt: running.prompt,
        redirectUri: running.redirectUri,
        others: suitable.filter((name) => name !== running.flow),
        receive: async (url) => (await running.receive?.(url)) ?? false,
        done: promise,
        cancel() {
          if (waiter !== own) return;
          settle((waiting) => waiting.reject(canceled()));
          close();
        },
      };
    },
    async page() {
      const pages = suitableFlows(host.place, description).filter((name) => name !== 'pasteRedirect');
      if (pages.length === 0) return undefined;
      const { prompt } = await openFirst(pages, PAGE_MINUTES);
      if (prompt.kind !== 'code') return { url: prompt.url };
      const { verificationUri, verificationUriComplete, userCode } = prompt.code;
      return { url: verificationUriComplete ?? verificationUri, userCode };
    },
    async receive(url) {
      const running = await serving?.running.catch(() => undefined);
      return running?.flow === 'editorUri' ? ((await running.receive?.(url)) ?? false) : false;
    },
    cancel() {
      settle((waiting) => waiting.reject(canceled()));
      close();
    },
  };
}

/** Flows whose page or code is good for any number of visits. */
const LASTING: ReadonlySet<FlowName> = new Set(['loopback', 'deviceCode']);

/** Failures of one flow that another one may not have. */
const PASSABLE: ReadonlySet<string> = new Set(['DP-SIGN-IN-FLOW', 'DP-SIGN-IN-PORTS']);
