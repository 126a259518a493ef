import { randomUUID } from 'node:crypto';

import {
  type ClientCapabilities,
  inputRequired,
  type InputRequiredResult,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/server';

import type { SignInNeeded } from './toolErrors.ts';

/** More than these wait for nothing any more: the newest count. */
const MOST_CARDS = 64;

/** One call that can not go on before the user signs in. */
export interface CardRequest {
  readonly needed: SignInNeeded;
  readonly capabilities: ClientCapabilities | undefined;
  /** Makes what announces the end of an elicitation; absent where the protocol has no such message (2026-07-28). */
  readonly notifier?: ((elicitationId: string) => () => Promise<void>) | undefined;
  /** What the client answered to the card of an earlier round of this call (2026-07-28). */
  readonly answered?: { readonly action?: unknown } | undefined;
  readonly signal: AbortSignal;
}

/** What the caller does next: ask the client (return or throw this), try again, or answer with the error. */
type CardOutcome =
  | { readonly kind: 'ask'; readonly result: InputRequiredResult }
  | { readonly kind: 'again' }
  | { readonly kind: 'refuse' };

/** Sign-in cards in the client, for both protocol eras. */
export interface SignInCards {
  /** @throws UrlElicitationRequiredError towards 2025-11-25 clients that show such a card */
  show(request: CardRequest): Promise<CardOutcome>;
  /** Someone signed in at this provider: every client that shows a card for it hears so. */
  signedIn(identityProvider: string): Promise<void>;
}

interface Card {
  readonly identityProvider: string;
  readonly done: () => Promise<void>;
}

/** @param patience seconds that a repeated call waits for a sign-in that the user has begun */
export function signInCards(patience = 300): SignInCards {
  const cards = new Set<Card>();

  function add(card: Card): void {
    cards.add(card);
    const [oldest] = cards;
    if (cards.size > MOST_CARDS && oldest) cards.delete(oldest);
  }

  /** Resolves to whether the sign-in came. */
  function signInOf(identityProvider: string, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (came: boolean): void => {
        cards.delete(card);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve(came);
      };
      const onAbort = (): void => finish(false);
      const timer = setTimeout(onAbort, patience * 1000);
      const card: Card = { identityProvider, done: () => Promise.resolve(finish(true)) };
      signal.addEventListener('abort', onAbort, { once: true });
      add(card);
    });
  }

  return {
    async show({ needed, capabilities, notifier, answered, signal }) {
      if (!capabilities?.elicitation?.url) return { kind: 'refuse' };
      const { identityProvider } = needed;
      const { url, userCode } = needed.signIn;
      const code = userCode === undefined ? '' : ` The page shows or asks for the code ${userCode}.`;
      const message = `${needed.message} Log in to let this call run as you.${code}`;
      if (notifier) {
        const elicitationId = randomUUID();
        // Made before the card is shown: the sign-in may be over in no time.
        add({ identityProvider, done: notifier(elicitationId) });
        throw new UrlElicitationRequiredError([{ mode: 'url', message, url, elicitationId }]);
      }
      if (answered === undefined) {
        return {
          kind: 'ask',
          result: inputRequired({ inputRequests: { signIn: inputRequired.elicitUrl({ message, url }) } }),
        };
      }
      const agreed = answered.action === 'accept';
      return agreed && (await signInOf(identityProvider, signal)) ? { kind: 'again' } : { kind: 'refuse' };
    },
    async signedIn(identityProvider) {
      const ready = [...cards].filter((card) => card.identityProvider === identityProvider);
      for (const card of ready) cards.delete(card);
      // A client that is gone does not keep the others from hearing.
      await Promise.allSettled(ready.map((card) => card.done()));
    },
  };
}
