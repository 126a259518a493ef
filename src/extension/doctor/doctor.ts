import type { Connector } from '../../connectors/connector.ts';
import { type Connection, placesOf } from '../../core/connection.ts';
import type { Diagnosis, LinkReport } from '../../core/diagnosis.ts';
import type { Explanation } from '../../core/knownRefusals.ts';
import type { ProviderDescription } from '../../identity/presets/preset.ts';
import { slotsOf } from '../slots.ts';
import { runChain } from './chain.ts';
import { initializeLink, loginLink, queryLink, reachLink, toolsLink, whoamiLink } from './far.ts';
import type { CheckContext, DoctorDeps, DoctorLink, Notes } from './link.ts';
import { permittedLink } from './permitted.ts';
import { clientLink, clockLink, discoveryLink } from './provider.ts';
import { settingsLink, unreadable } from './settings.ts';
import { claimsLink, signedInLink, tokenLink } from './token.ts';

export interface DiagnoseOptions {
  readonly signal: AbortSignal;
  /** Hears what is checked next. */
  readonly progress: (title: string) => void;
}

/** Walks the chain of one connection. Opens nothing, asks nobody, and does nothing that a test of the connection does not do. */
export interface Doctor {
  /** @param connection also one whose settings are not valid @throws the signal's reason */
  diagnose(connection: string, options: DiagnoseOptions): Promise<Diagnosis>;
}

const TO_A_CREDENTIAL: readonly DoctorLink[] = [
  settingsLink,
  permittedLink,
  discoveryLink,
  clockLink,
  clientLink,
  signedInLink,
  tokenLink,
  claimsLink,
];

/** The chains, by what a connection is. */
export const CHAINS: Readonly<Record<Connector['serves'], readonly DoctorLink[]>> = {
  sql: [...TO_A_CREDENTIAL, reachLink, loginLink, whoamiLink, queryLink],
  mcp: [...TO_A_CREDENTIAL, reachLink, initializeLink, toolsLink],
};

export function createDoctor(deps: DoctorDeps): Doctor {
  const { settings, connectors, sessions, gateway, clock, redactor } = deps;

  function contextOf(connection: Connection, signal: AbortSignal): CheckContext {
    const { id, identityProvider } = connection;
    const session = identityProvider === undefined ? undefined : sessions.get(identityProvider);
    const notes: Notes = {
      credentials: new Map(),
      known: knownOf(connection, session?.provider, deps),
      people: new Set(),
    };
    let asking: ReturnType<typeof gateway.diagnose> | undefined;
    const far = (): ReturnType<typeof gateway.diagnose> => (asking ??= gateway.diagnose(id));
    return { connection, session, deps, notes, far, signal };
  }

  return {
    async diagnose(id, { signal, progress }) {
      const current = settings();
      const connection = current.connections.find((each) => each.id === id);
      const at = clock.now();
      if (!connection) {
        const links = [cleanLink(unreadable(id, current, deps.translated), redactor)];
        return { connection: id, title: id, at, people: [], links };
      }
      const context = contextOf(connection, signal);
      const links = await runChain(CHAINS[connectors[connection.type]?.serves ?? 'sql'], context, progress);
      const people = [...context.notes.people].filter((name) => name.length > 1);
      return {
        connection: id,
        title: connection.title,
        at,
        people,
        links: links.map((link) => cleanLink(link, redactor)),
      };
    },
  };
}

/** What fixes may name of a connection before anything was asked. */
function knownOf(
  connection: Connection,
  provider: ProviderDescription | undefined,
  deps: DoctorDeps,
): Record<string, string> {
  const { id, type, settings } = connection;
  const connector = deps.connectors[type];
  const [place] = connector?.destinations(settings) ?? [];
  const role = connector?.role(settings);
  const wants = slotsOf(connection, deps).map(({ source, choice, need }) => source.wants(choice.settings, need));
  const audience = wants.find((want) => want.audience !== undefined)?.audience;
  const scopes = wants.flatMap((want) => want.scopes).join(' ');
  const own = settings as Readonly<Record<string, unknown>>;
  return {
    connection: id,
    type,
    ...(place && {
      host: place.host,
      hostName: place.host,
      hyphenHost: place.host.replaceAll('_', '-'),
      place: placesOf([place])[0] ?? '',
    }),
    ...(role !== undefined && { role }),
    ...(typeof own['database'] === 'string' && { database: own['database'] }),
    ...(audience !== undefined && { audience }),
    ...(scopes !== '' && { scopes }),
    ...(provider && {
      providerId: provider.id,
      clientId: provider.clientId,
      clientKind: provider.clientAuthentication.kind,
      redirectUri: redirectUriOf(provider),
    }),
  };
}

function redirectUriOf({ redirect: { host, ports, path } }: ProviderDescription): string {
  const [port] = ports;
  return `http://${host}${port === undefined ? '' : `:${port}`}${path}`;
}

/** Everything that a report says passes the redactor, whoever's words it is. */
function cleanLink(link: LinkReport, { redact }: DoctorDeps['redactor']): LinkReport {
  const { facts, reason, error, explanation } = link;
  return {
    ...link,
    facts: facts.map(redact),
    ...(reason !== undefined && { reason: redact(reason) }),
    ...(error && {
      error: {
        code: error.code,
        params: Object.fromEntries(Object.entries(error.params).map(([name, value]) => [name, redact(value)])),
        ...(error.detail !== undefined && { detail: redact(error.detail) }),
      },
    }),
    ...(explanation && { explanation: cleanExplanation(explanation, redact) }),
  };
}

function cleanExplanation(explanation: Explanation, redact: (text: string) => string): Explanation {
  const { cause, fix, type } = explanation;
  return {
    ...explanation,
    cause: redact(cause),
    fix: redact(fix),
    type: type.map(({ language, text }) => ({ language, text: redact(text) })),
  };
}
