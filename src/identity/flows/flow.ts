/** Where the browser goes and what it brings back: one instance serves one sign-in, however often it is started anew. */
export interface RedirectListener {
  /** Registered (or registrable) redirect URI of this sign-in. */
  readonly redirectUri: string;
  /** Our own page: it starts the sign-in when it is opened, now or minutes later. Carries no secret but its own key. */
  readonly startUrl: string;
  close(): void;
}

/** What the listener asks of the sign-in that it serves. */
export interface RedirectHandler {
  /** The start page was opened: gives the authorize URL for this try. An earlier try is void from then on. */
  start(): Promise<string>;
  /** `state` of the newest try; a redirect with another one is answered and otherwise ignored. */
  expectedState(): string | undefined;
  /** A redirect with the right state arrived. What it resolves to is shown in the browser. */
  finish(callback: URL): Promise<Outcome>;
}

export type Outcome =
  | { readonly kind: 'signedIn'; readonly account: string; readonly provider: string }
  | { readonly kind: 'failed'; readonly message: string; readonly fix: string };
