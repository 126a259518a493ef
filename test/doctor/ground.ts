import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import { connectors } from '../../src/connectors/index.ts';
import { brokenLink, type Diagnosis } from '../../src/core/diagnosis.ts';
import type { Party } from '../../src/core/knownRefusals.ts';
import { createDoctor } from '../../src/extension/doctor/doctor.ts';
import { clientSecretKey } from '../../src/extension/sessions.ts';
import { parseSettings, type Settings } from '../../src/extension/settings.ts';
import { type SignInFailures, signInFailures } from '../../src/extension/signInFailures.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { loginAt, openPassport, type Passport, type PassportOptions } from '../extension/passport.ts';
import {
  type LabIdentityProvider,
  mcpAudience,
  startIdentityProvider,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import { type Lab, startLab } from '../lab/index.ts';
import type { LabUserName } from '../lab/sampleData.ts';

/** What is planted, and what has to be found. */
export interface Planting {
  /** What is wrong, to stand behind "finds". */
  readonly name: string;
  plant(world: World): Promise<Patient>;
  /** Id of the first broken link. */
  readonly link: string;
  readonly code: string;
  readonly who: Party;
  /** In the fix, or in what is to be typed. */
  readonly fix: RegExp;
  /** Why it can not run here, if so. */
  readonly without?: (world: World) => string | undefined;
}

/** A connection to be looked at, and how to undo what was planted. */
export interface Patient {
  diagnose(): Promise<Diagnosis>;
  close(): Promise<void>;
}

export interface World {
  readonly lab: Lab;
  /** The settings of the lab with one connection changed. */
  changed(id: string, more: Readonly<Record<string, unknown>>): UserSettings;
  /** The settings of the lab with its provider changed. */
  withProvider(more: Readonly<Record<string, unknown>>, settings?: UserSettings): UserSettings;
  /** Ends what faults began. */
  recover(): void;
  close(): Promise<void>;
}

export type UserSettings = Readonly<Record<string, unknown>>;

export async function openWorld(): Promise<World> {
  const lab = await startLab();
  const part = (settings: UserSettings, name: string): Record<string, object> =>
    settings[`dataPassport.${name}`] as Record<string, object>;
  return {
    lab,
    changed: (id, more) => ({
      ...lab.settings,
      'dataPassport.connections': { [id]: { ...part(lab.settings, 'connections')[id], ...more } },
    }),
    withProvider: (more, settings = lab.settings) => ({
      ...settings,
      'dataPassport.identityProviders': { lab: { ...part(settings, 'identityProviders')['lab'], ...more } },
    }),
    recover() {
      lab.idp.recover();
      lab.idp.setAccessTokenSeconds(600);
      lab.warehouse.refuseLogins(undefined);
      lab.warehouse.failWithHttp(undefined);
      lab.postgres?.recover();
    },
    close: () => lab.close(),
  };
}

export interface PatientOptions extends Omit<PassportOptions, 'settings'> {
  readonly settings: UserSettings;
  readonly connection: string;
  /** Who signs in before; default: alice. `undefined`: nobody. */
  readonly user?: LabUserName | undefined;
  /** What the browser does; default: logs in at the provider of the lab. */
  readonly logIn?: (url: string) => Promise<URL>;
  /** What happens between the sign-in and the diagnosis. */
  readonly afterwards?: (passport: Passport, failures: SignInFailures) => Promise<unknown>;
  readonly undo?: () => unknown;
}

/** A whole extension without an editor, signed in, and its doctor. */
export async function patient(
  world: World,
  options: PatientOptions,
): Promise<Patient & { readonly passport: Passport }> {
  const { settings, connection, logIn, afterwards, undo, ...more } = options;
  const passport = await openPassport({ settings, ...more });
  const user = 'user' in options ? options.user : 'alice';
  const failures = signInFailures();
  const close = async (): Promise<void> => {
    await passport.close();
    await undo?.();
  };
  try {
    if (user !== undefined) await passport.signIn('lab', logIn ?? loginAt(world.lab.idp, user));
    await afterwards?.(passport, failures);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    passport,
    close,
    diagnose: () => doctorOf(passport, failures).diagnose(connection, quietly()),
  };
}

export function doctorOf(passport: Passport, failures = signInFailures()) {
  return createDoctor({
    connectors,
    tokenSources,
    ...passport,
    settings: passport.current,
    gateway: { diagnose: passport.gateway.diagnose },
    hasClientSecret: async (id) => {
      const session = passport.sessions.get(id);
      assert.ok(session);
      return (await passport.secrets.get(clientSecretKey(session.provider))) !== undefined;
    },
    signInFailure: failures.last,
    host: { place: 'desktop', editorUri: async () => 'vscode://data-passport.data-passport/callback' },
    fetch: passport.fetch,
    redactor: passport.redactor,
  });
}

/** As if the operating system had it. @returns what takes it away again */
export function trust(authority: string): () => void {
  const before = getCACertificates();
  setDefaultCACertificates([...before, authority]);
  return () => setDefaultCACertificates(before);
}

/** A port of this machine where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** A sign-in that the provider answers with an error, as it stands in the redirect. */
export const refusedWith =
  (code: string, description: string) =>
  async ({ sessions }: Passport, failures: SignInFailures): Promise<void> => {
    const session = sessions.get('lab');
    const attempt = await session?.attempt();
    assert.ok(session && attempt?.prompt.kind === 'page');
    failures.follow(session, attempt.done);
    const start = await fetch(attempt.prompt.url, { redirect: 'manual' });
    const asked = new URL(start.headers.get('location') ?? '');
    const back = new URL(asked.searchParams.get('redirect_uri') ?? '');
    const state = asked.searchParams.get('state') ?? '';
    const answer = { error: code, error_description: description, state, iss: asked.origin };
    for (const [name, value] of Object.entries(answer)) back.searchParams.set(name, value);
    await fetch(back);
    await attempt.done.catch(() => undefined);
  };

/** A sign-in that the provider sends back before anybody has logged in. */
export async function answeredAtOnce({ sessions }: Passport, failures: SignInFailures): Promise<void> {
  const session = sessions.get('lab');
  const attempt = await session?.attempt();
  assert.ok(session && attempt?.prompt.kind === 'page');
  failures.follow(session, attempt.done);
  const start = await fetch(attempt.prompt.url, { redirect: 'manual' });
  const answer = await fetch(start.headers.get('location') ?? '', { redirect: 'manual' });
  await fetch(answer.headers.get('location') ?? '');
  await attempt.done.catch(() => undefined);
}

/** Answers of the token endpoint carry another access token: what a provider that is set up otherwise would give. */
export const givingInstead =
  (token: () => Promise<string>) =>
  async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(url, { ...init, redirect: 'manual' });
    if (new URL(url).pathname !== '/token' || answer.status !== 200) return answer;
    const body = (await answer.json()) as object;
    return Response.json({ ...body, access_token: await token() }, { headers: { date: new Date().toUTCString() } });
  };

export const quietly = (signal = new AbortController().signal) => ({ signal, progress: () => undefined });

/** A connection that can not even be read: there is nothing to open. */
export function unreadable(settings: UserSettings, connection: string): Patient {
  const parsed: Settings = parseSettings(
    {
      identityProviders: settings['dataPassport.identityProviders'],
      connections: settings['dataPassport.connections'],
      limits: undefined,
    },
    { presets, connectors, tokenSources },
  );
  const never = (): never => assert.fail('nothing may be asked');
  const doctor = createDoctor({
    connectors,
    tokenSources,
    sessions: { get: never },
    credentials: { get: never, peek: never },
    connectionSecrets: { facts: never, get: never },
    confirmations: { check: never },
    overview: { isRestricted: never },
    gateway: { diagnose: never },
    settings: () => parsed,
    hasClientSecret: never,
    signInFailure: never,
    host: { place: 'desktop', editorUri: never },
    fetch: never,
    clock: { now: () => Date.now() },
    redactor: { redact: (text) => text },
  });
  return { diagnose: () => doctor.diagnose(connection, quietly()), close: async () => undefined };
}

/** The outcome in one line for each link: what a failed comparison shows. */
export function outline(diagnosis: Diagnosis): string {
  return diagnosis.links.map(({ id, state }) => `${id} ${state}`).join(', ');
}

/** What was found, in the words of a planting. */
export function finding(diagnosis: Diagnosis): { link: string; code: string; who: string; fix: string } {
  const { id = 'none', error, explanation } = brokenLink(diagnosis) ?? {};
  const typed = explanation?.type.map(({ text }) => text).join('\n') ?? '';
  return { link: id, code: error?.code ?? '', who: explanation?.who ?? '', fix: `${explanation?.fix ?? ''}\n${typed}` };
}

export { type LabIdentityProvider, mcpAudience, startIdentityProvider, warehouseAudience };
