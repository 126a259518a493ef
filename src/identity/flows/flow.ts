import type { Translate } from '../../core/told.ts';
import type { ProviderDescription } from '../presets/preset.ts';

export type FlowName = 'loopback' | 'editorUri' | 'deviceCode' | 'pasteRedirect';

/** Where the extension runs. `desktop`: beside the user's browser. `remote`: desktop editor, extension elsewhere (SSH, WSL, container). `web`: the editor itself is a web page. */
export type Place = 'desktop' | 'remote' | 'web';

/** What flows need of the editor. */
export interface FlowHost {
  readonly place: Place;
  /** Redirect address that brings the browser back into the editor. The same one is asked for again at each try. */
  editorUri(): Promise<string>;
  /** What people read in a browser, in the editor's language. Default: in English. */
  readonly translated?: Translate;
  /** Of the translation, as HTML names it (BCP 47). */
  readonly language?: string;
}

/** What a flow asks of the sign-in that it serves. */
export interface FlowHandler {
  /** A try over this redirect address begins: gives its authorize URL. An earlier try is void from then on. */
  start(redirectUri: string): Promise<string>;
  /** `state` of the newest try; a redirect with another one is answered and otherwise ignored. */
  expectedState(): string | undefined;
  /** A redirect with the right state arrived. What it resolves to is shown in the browser. */
  finish(callback: URL): Promise<Outcome>;
  /** A try by device code begins: whatever comes of it is taken over by the sign-in itself. @throws PassportError DP-SIGN-IN-FLOW where the provider has none */
  device(signal: AbortSignal): Promise<DeviceCode>;
}

/** RFC 8628 section 3.2, as a person needs it. */
export interface DeviceCode {
  readonly userCode: string;
  readonly verificationUri: string;
  /** Carries the code: what a QR code holds. */
  readonly verificationUriComplete?: string | undefined;
  readonly expiresAt: Date;
}

/** What the user must do to go on. */
export type Prompt =
  /** Open this page: our own start page, or the provider's. */
  | { readonly kind: 'page'; readonly url: string }
  /** Open the provider's page on any device and compare or type the code. */
  | { readonly kind: 'code'; readonly code: DeviceCode }
  /** Open this page, then bring the address that the browser ends at. */
  | { readonly kind: 'paste'; readonly url: string };

/** A flow that waits for the user. */
export interface RunningFlow {
  readonly flow: FlowName;
  readonly prompt: Prompt;
  /** Redirect URI of this sign-in, where there is one. */
  readonly redirectUri?: string | undefined;
  /** A redirect that reached the editor, or was pasted. False when it is not one of this sign-in's. @throws PassportError DP-SIGN-IN-PASTED for a pasted text that is no redirect */
  receive?(url: URL): Promise<boolean>;
  close(): void;
}

/** What a flow is begun with. */
export interface FlowRequest {
  readonly description: ProviderDescription;
  readonly handler: FlowHandler;
  readonly host: FlowHost;
}

/** One way of signing in. */
export interface Flow {
  readonly name: FlowName;
  /** Starts waiting; nothing is opened. @throws PassportError DP-SIGN-IN-PORTS, DP-SIGN-IN-FLOW, DP-PROVIDER-* */
  begin(request: FlowRequest): Promise<RunningFlow>;
}

/** How a try ended, as the browser is told. */
export type Outcome =
  | { readonly kind: 'signedIn'; readonly account: string; readonly provider: string }
  /** Somebody else is signed in already: the editor asks what to do. */
  | { readonly kind: 'asked'; readonly account: string; readonly provider: string }
  | { readonly kind: 'failed'; readonly message: string; readonly fix: string };
