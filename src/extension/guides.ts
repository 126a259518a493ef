import type { Connection } from '../core/connection.ts';
import { type Credential, tokenOf } from '../core/credential.ts';
import { decodeJwt } from '../core/jwt.ts';
import type { Clock, Fetch } from '../core/ports.ts';
import type { ExampleToken, GuideFacts, ProviderFacts } from '../guides/guide.ts';
import { guidesFor } from '../guides/index.ts';
import type { ProviderFindings } from '../identity/inspection.ts';
import type { ProviderDescription } from '../identity/presets/preset.ts';
import type { GuideView } from '../ui/model.ts';
import type { Credentials } from './credentials.ts';
import type { Sessions } from './sessions.ts';
import { isRecord } from './settingProblems.ts';
import type { RawSettings } from './settings.ts';
import { type ConnectionTables, type Slot, slotsOf } from './slots.ts';

export interface GuideDeps extends ConnectionTables {
  readonly sessions: Pick<Sessions, 'get'>;
  readonly credentials: Pick<Credentials, 'peek'>;
  /** Settings as the user wrote them: the only place that says which preset a provider has. */
  readonly raw: () => RawSettings;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** Milliseconds that the provider has to answer with its metadata: without them there is a placeholder. */
const PATIENCE = 10_000;

/** Every text for the administrator of the other side of a connection. Mints no token; one at hand is read, never its signature. */
export async function guideTexts(connection: Connection, deps: GuideDeps): Promise<readonly GuideView[]> {
  const [slot] = slotsOf(connection, deps);
  if (!slot) return [];
  const { identityProvider } = connection;
  const description = identityProvider === undefined ? undefined : deps.sessions.get(identityProvider)?.provider;
  const facts = guideFacts(connection, slot, {
    provider: description && {
      description,
      preset: presetOf(description.id, deps.raw()),
      found: await metadataOf(description, deps),
    },
    credential: deps.credentials.peek(connection, slot.name),
  });
  return guidesFor(facts).map((guide) => {
    const { id, label, about, language } = guide;
    return { id, label, about, language, text: guide.text(facts) };
  });
}

export interface Gathered {
  readonly provider?:
    | {
        readonly description: ProviderDescription;
        readonly preset: string;
        readonly found: Pick<ProviderFindings, 'issuer' | 'jwksUri'> | undefined;
      }
    | undefined;
  readonly credential?: Credential | undefined;
}

/** The facts of one connection as plain data. */
export function guideFacts(
  { id, title, type, settings }: Connection,
  { choice, need, source }: Pick<Slot, 'choice' | 'need' | 'source'>,
  { provider, credential }: Gathered,
): GuideFacts {
  const asked = source.expects?.({ settings: choice.settings, need }) ?? source.wants(choice.settings, need);
  return {
    connection: { id, title, type, settings: recordOf(settings) },
    token: {
      source: choice.source,
      settings: recordOf(choice.settings),
      audience: asked.audience,
      scopes: asked.scopes,
    },
    provider: provider && providerFacts(provider),
    example: credential && exampleOf(credential),
  };
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> => (isRecord(value) ? value : {});

function providerFacts({ description, preset, found }: NonNullable<Gathered['provider']>): ProviderFacts {
  const { title, clientId, clientAuthentication, issuer, redirect } = description;
  const { host, ports, path } = redirect;
  return {
    title,
    preset,
    clientId,
    publicClient: clientAuthentication.kind === 'none',
    issuer: found?.issuer ?? issuer,
    jwksUri: found?.jwksUri,
    redirectUris: ports.map((port) => `http://${host}:${port}${path}`),
  };
}

const KEPT = ['iss', 'aud', 'sub', 'scp', 'scope'] as const;

function exampleOf(credential: Credential): ExampleToken | undefined {
  const token = tokenOf(credential.reveal());
  const claims = token === undefined ? undefined : decodeJwt(token)?.claims;
  if (!claims) return undefined;
  const kept = KEPT.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]] as const);
  return { claims: Object.fromEntries(kept), names: Object.keys(claims) };
}

function presetOf(id: string, { identityProviders }: RawSettings): string {
  const entry = isRecord(identityProviders) && Object.hasOwn(identityProviders, id) ? identityProviders[id] : undefined;
  const preset = isRecord(entry) ? entry['preset'] : undefined;
  return typeof preset === 'string' ? preset : 'oidc';
}

/** Undefined where the provider publishes none, or can not be asked now. */
async function metadataOf(
  description: ProviderDescription,
  { fetch, clock }: GuideDeps,
): Promise<ProviderFindings | undefined> {
  if (description.metadata) return undefined;
  const { inspectProvider } = await import('../identity/inspection.ts');
  return inspectProvider(description, { fetch, clock, signal: AbortSignal.timeout(PATIENCE) }).catch(() => undefined);
}
