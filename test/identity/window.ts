import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { asPassportError } from '../../src/core/errors.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import type { FlowName, Place } from '../../src/identity/flows/flow.ts';
import { presets } from '../../src/identity/presets/index.ts';
import type { ProviderDescription } from '../../src/identity/presets/preset.ts';
import { openProvider, type TokenRequest } from '../../src/identity/provider.ts';
import { createSession, type Session, type Succession } from '../../src/identity/session.ts';
import { createSignIns } from '../../src/identity/signIns.ts';
import { type Broker, createBroker } from '../../src/identity/windows/broker.ts';
import { leadership } from '../../src/identity/windows/leadership.ts';
import {
  type LabIdentityProvider,
  postgresAudience,
  signInByHttp,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import { keptLog } from '../support/keptLog.ts';
import { memorySecrets } from '../support/memorySecrets.ts';

export const warehouse: TokenRequest = { audiences: [warehouseAudience], scopes: ['session:role:ANALYST'] };
export const postgres: TokenRequest = { audiences: [postgresAudience], scopes: [] };

export interface WindowOptions {
  readonly idp: Pick<LabIdentityProvider, 'issuer' | 'clientId'>;
  readonly secrets?: ReturnType<typeof memorySecrets>;
  readonly wanted?: readonly TokenRequest[];
  /** The folder that the windows of one machine share. */
  readonly folder?: string;
  readonly place?: Place;
  /** What the settings say besides issuer and client id. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly editorUri?: string;
  readonly succession?: Succession;
  readonly machine?: string;
}

/** One editor window with everything that belongs to signing in, and nothing of an editor. */
export interface Window {
  readonly session: Session;
  readonly broker: Broker;
  readonly description: ProviderDescription;
  readonly secrets: ReturnType<typeof memorySecrets>;
  readonly lines: readonly string[];
  /** Milliseconds by which its clock is off. */
  readonly clock: { offset: number; now(): number };
  /** Who was asked about: label of the next one, then of the current ones. */
  readonly questions: (readonly string[])[];
  close(): Promise<void>;
}

export async function openWindow(options: WindowOptions): Promise<Window> {
  const { idp, secrets = memorySecrets(), wanted = [warehouse, postgres], place = 'desktop' } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'dp-windows-'));
  const { log, lines, redactor } = keptLog();
  const clock = { offset: 0, now: () => Date.now() + clock.offset };
  const { oidc } = presets;
  assert.ok(oidc);
  const settings = oidc.settings.parse({
    issuer: idp.issuer,
    clientId: idp.clientId,
    title: 'Lab',
    ...options.settings,
  });
  const description = oidc.describe('lab', settings);
  const fetching = options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
  const provider = openProvider(description, {
    fetch: fetching,
    clock,
    clientSecret: () => secrets.get('client-secret/lab'),
  });
  const terms = leadership(folder);
  const broker = createBroker({ leadership: terms, log });
  const machine = options.machine ?? terms.machine();
  const signIns = broker.open(description, (assertLeading) =>
    createSignIns({ provider, secrets, machine, clock, log, redactor, assertLeading }),
  );
  const questions: (readonly string[])[] = [];
  const session = createSession({
    provider,
    signIns,
    clock,
    log,
    host: { place, editorUri: async () => options.editorUri ?? 'vscode://data-passport.data-passport/callback' },
    wanted: () => wanted,
    async confirm(next, current) {
      questions.push([next.label, ...current.map(({ label }) => label)]);
      return options.succession ?? 'cancel';
    },
  });
  const redirects = broker.onRedirect((url) => void session.receive(new URL(url)));
  await signIns.restore();
  await broker.joined();
  return {
    session,
    broker,
    description,
    secrets,
    lines,
    clock,
    questions,
    async close() {
      redirects.dispose();
      session.dispose();
      await signIns.close();
      await broker.dispose();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a browser does: opens our start page, logs in, follows the redirect to the page at the end. */
export async function browse(
  idp: Pick<LabIdentityProvider, 'issuer'>,
  startUrl: string,
  user: LabUserName,
): Promise<{ status: number; page: string; callback: URL }> {
  const start = await fetch(startUrl, { redirect: 'manual' });
  const location = start.headers.get('location');
  assert.ok(location !== null, await start.text());
  const callback = await signInByHttp(idp, location, user);
  const end = await fetch(callback);
  return { status: end.status, page: await end.text(), callback };
}

/** Signs in as a person would, over the loopback flow. */
export async function signInAs(
  window: Pick<Window, 'session'>,
  idp: Pick<LabIdentityProvider, 'issuer'>,
  user: LabUserName,
  flow?: FlowName,
): Promise<string> {
  const attempt = await window.session.attempt({ flow });
  assert.equal(attempt.prompt.kind, 'page');
  if (attempt.prompt.kind === 'page') await browse(idp, attempt.prompt.url, user);
  return (await attempt.done).label;
}

/** The token that a connection would get. */
export async function tokenOf(session: Session, { audiences: [audience], scopes }: TokenRequest, more = {}) {
  return session.signIn()?.grant({ audience, scopes, ...more });
}

export async function audienceOf(session: Session, request: TokenRequest, more = {}): Promise<unknown> {
  return decodeJwt((await tokenOf(session, request, more))?.token ?? '')?.claims['aud'];
}

export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => asPassportError(error).code,
  );
