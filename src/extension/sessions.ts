import type { Connection } from '../core/connection.ts';
import { type Clock, type Disposable, type Fetch, type Log, type Secrets, signal } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import { within } from '../core/within.ts';
import { authorityOf } from '../identity/authority.ts';
import type { FlowHost } from '../identity/flows/flow.ts';
import type { ProviderDescription } from '../identity/presets/preset.ts';
import { openProvider, type TokenRequest } from '../identity/provider.ts';
import { createSession, type Session, type SessionDeps } from '../identity/session.ts';
import { createSignIns } from '../identity/signIns.ts';
import type { Broker, SharedSignIns } from '../identity/windows/broker.ts';
import { type ConnectionTables, slotsOf } from './slots.ts';

export interface SessionsDeps extends ConnectionTables {
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly fetch: Fetch;
  /** Id of the machine that the extension runs on. */
  readonly machine: string;
  readonly broker: Broker;
  readonly host: FlowHost;
  readonly confirm: (
    provider: string,
    ...who: Parameters<SessionDeps['confirm']>
  ) => ReturnType<SessionDeps['confirm']>;
  /** Someone is signing in at the provider of these, through this window. */
  readonly adopted: (connections: readonly Connection[]) => Promise<void>;
}

/** One session for each configured identity provider, following the settings. */
export interface Sessions {
  readonly all: readonly Session[];
  get(provider: string): Session | undefined;
  /** What the connections of one provider will ask for. */
  wanted(provider: string): readonly TokenRequest[];
  /** A sign-in began or ended; the argument is the provider's id. */
  onDidChange(listener: (provider: string) => void): Disposable;
  /** Takes up new settings: unchanged providers keep their session. */
  update(providers: readonly ProviderDescription[], connections: readonly Connection[]): Promise<void>;
  dispose(): void;
}

/** Milliseconds that a sign-in waits for the editor to remember what it agrees to. */
const ADOPTION = 5000;

interface Entry {
  readonly session: Session;
  readonly signIns: SharedSignIns;
  readonly fingerprint: string;
  readonly listening: Disposable;
}

/** Where the secret storage keeps the secret of a provider's client: it is for this authority alone. */
export const clientSecretKey = (description: ProviderDescription): string =>
  `client-secret/${description.id}/${authorityOf(description)}`;

export function createSessions(deps: SessionsDeps): Sessions {
  const changes = signal<string>();
  const sessions = new Map<string, Entry>();
  let connections: readonly Connection[] = [];

  function wanted(provider: string): readonly TokenRequest[] {
    return connections
      .filter((connection) => connection.identityProvider === provider)
      .flatMap((connection) => slotsOf(connection, deps))
      .filter(({ source }) => source.from === 'signIn')
      .map(({ source, choice, need }) => {
        const { audience, scopes } = source.wants(choice.settings, need);
        return { scopes, audiences: audience === undefined ? [] : [audience] };
      });
  }

  async function open(description: ProviderDescription, fingerprint: string): Promise<void> {
    const { id, title } = description;
    const clientSecret = async (): Promise<string | undefined> => {
      const secret = await deps.secrets.get(clientSecretKey(description));
      if (secret !== undefined) deps.redactor.know(secret);
      return secret;
    };
    const provider = openProvider(description, { ...deps, clientSecret });
    const signIns = deps.broker.open(description, (assertLeading) =>
      createSignIns({ ...deps, provider, assertLeading }),
    );
    const session = createSession({
      ...deps,
      provider,
      signIns,
      wanted: () => wanted(id),
      confirm: (...who) => deps.confirm(title, ...who),
      async adopted() {
        const mine = connections.filter(({ identityProvider }) => identityProvider === id);
        try {
          await within(ADOPTION, deps.adopted(mine));
        } catch {
          // The sign-in counts; the connections ask for themselves.
          deps.log.error('What the sign-in agrees to could not be remembered', { provider: id });
        }
      },
    });
    sessions.set(id, { session, signIns, fingerprint, listening: session.onDidChange(() => changes.fire(id)) });
    await signIns.restore();
    // A provider that nobody is signed in at is news as well.
    if (session.state.accounts.length === 0) changes.fire(id);
  }

  /** Resolves when no refresh token of the session is being spent any more: a successor may read the same record. */
  async function close(id: string): Promise<void> {
    const entry = sessions.get(id);
    if (!entry) return;
    sessions.delete(id);
    entry.listening.dispose();
    changes.fire(id);
    entry.session.dispose();
    await entry.signIns.close();
  }

  async function update(providers: readonly ProviderDescription[]): Promise<void> {
    const fingerprints = new Map(providers.map((description) => [description.id, JSON.stringify(description)]));
    for (const [id, { fingerprint }] of sessions) if (fingerprints.get(id) !== fingerprint) await close(id);
    for (const description of providers) {
      if (!sessions.has(description.id)) await open(description, fingerprints.get(description.id) ?? '');
    }
  }

  /** The editor gives a redirect to whichever window it likes; the one that waits for it knows its state. */
  const redirects = deps.broker.onRedirect((url) => {
    for (const { session } of sessions.values()) session.receive(new URL(url)).catch(() => undefined);
  });

  let updating: Promise<void> = Promise.resolve();
  return {
    get all() {
      return [...sessions.values()].map((entry) => entry.session);
    },
    get: (provider) => sessions.get(provider)?.session,
    wanted,
    onDidChange: changes.on,
    update(providers, next) {
      connections = next;
      // One after the other: two quick changes of the settings must not open a provider twice.
      updating = updating.then(() => update(providers));
      return updating;
    },
    dispose() {
      for (const { session, listening } of sessions.values()) {
        listening.dispose();
        session.dispose();
      }
      redirects.dispose();
      sessions.clear();
    },
  };
}
