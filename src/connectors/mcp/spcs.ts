import * as z from 'zod/mini';

import { isLoopback, SERVER_SLOT } from '../../core/connection.ts';
import { connector } from '../connector.ts';
import { addressSetting, placeOf } from './address.ts';
import { bearer, MCP_LIMITS, oneToken, relayRules, relaySettings } from './common.ts';
import { TOKEN_SLOT } from './generic.ts';
import type { HttpAnswer, Slots, Verdict } from './server.ts';

/** https://docs.snowflake.com/en/developer-guide/snowpark-container-services/service-network-communications */
const APP_HOST = /^[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*\.snowflakecomputing\.app$/i;

const settings = () =>
  z.strictObject({
    url: addressSetting(
      'Address of the MCP server behind the service endpoint, such as `https://abc-myorg-myaccount.snowflakecomputing.app/mcp`.',
    ).check(
      z.refine((address) => {
        const host = URL.parse(address)?.hostname ?? '';
        return APP_HOST.test(host) || isLoopback(host);
      }, 'must be on a host that ends in .snowflakecomputing.app'),
    ),
    ...relaySettings(),
  });

type SpcsSettings = z.infer<ReturnType<typeof settings>>;

/** Snowflake takes its own token on this header and lets `Authorization` through to the app. */
function headers({ [TOKEN_SLOT]: token, [SERVER_SLOT]: own }: Slots): Readonly<Record<string, string>> {
  return {
    ...(token && { 'x-sf-spcs-authorization': `Snowflake Token="${oneToken(token)}"` }),
    ...bearer(own),
  };
}

interface Rejection {
  readonly responseType: string;
  readonly requestId: string;
  readonly detail: string;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Snowflake's own answer in front of the app. Its header fields are on the app's answers too, so header and body have to be its. */
function rejectionOf({ headers: fields, body }: HttpAnswer): Rejection | undefined {
  const cookies = [fields['set-cookie'] ?? []].flat();
  const signed = String(fields['server'] ?? '').trim() === '_' || cookies.some((cookie) => cookie.includes('sfc-ss-'));
  if (!signed) return undefined;
  const { responseType, requestId, detail } = objectIn(body);
  if (typeof responseType !== 'string' || typeof requestId !== 'string' || typeof detail !== 'string') return undefined;
  if (!/^ERROR_[A-Z][A-Z0-9_]+$/.test(responseType) || !ID.test(requestId)) return undefined;
  return { responseType, requestId, detail };
}

function objectIn(body: string): Partial<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** What Snowflake's words come from most often, and what to type. The first that fits. */
const HINTS: readonly { readonly says: RegExp; readonly hint: string; readonly remedy: string }[] = [
  {
    says: /network policy/i,
    hint: 'a programmatic access token is good only where a network policy covers its user and lets this address in',
    remedy:
      "Ask an administrator to run CREATE NETWORK POLICY <name> ALLOWED_IP_LIST = ('<your public address>/32'); and ALTER USER <you> SET NETWORK_POLICY = <name>; with your own address alone.",
  },
  {
    // Anchored, so that it is looked for once and not at each character.
    says: /^(?=[^]*?invalid)(?=[^]*?token)/i,
    hint: 'the token is cut off, has ended or was revoked',
    remedy:
      'Make a new programmatic access token in Snowsight (your profile, Programmatic access tokens) and run "Data Passport: Set Connection Secret"; with another token source, sign in again.',
  },
  {
    says: /expired/i,
    hint: 'the token has ended',
    remedy:
      'Make a new programmatic access token in Snowsight and run "Data Passport: Set Connection Secret"; with another token source, sign in again.',
  },
  {
    says: /authentication|unauthorized/i,
    hint: 'the user of the token may not use this service, or an account-wide network policy keeps this address out',
    remedy: 'Ask the owner of the service to grant its service role to your role.',
  },
];

const UNKNOWN_HINT = {
  hint: 'Snowflake gives no reason that is known; its own words are in the detail',
  remedy: 'Show the detail to the administrator of the Snowflake account.',
};

function judge(answer: HttpAnswer): Verdict | undefined {
  if (answer.status === 502) return { kind: 'final', error: { code: 'DP-MCP-NOT-READY', params: {} } };
  if (answer.status !== 401 && answer.status !== 403) return undefined;
  const rejection = rejectionOf(answer);
  if (rejection) {
    const { responseType, requestId, detail } = rejection;
    const { hint, remedy } = HINTS.find(({ says }) => says.test(detail)) ?? UNKNOWN_HINT;
    const isSpent = /expired|invalid/i.test(detail);
    return {
      kind: 'final',
      error: { code: 'DP-MCP-INGRESS', params: { responseType, requestId, hint, remedy }, detail },
      ...(isSpent && { spent: TOKEN_SLOT }),
    };
  }
  // The app itself: its own credential may have ended, Snowflake's has not.
  return answer.status === 401
    ? { kind: 'rejected', slot: SERVER_SLOT, error: { code: 'DP-MCP-REFUSED', params: {} } }
    : undefined;
}

/** An MCP server that runs in Snowpark Container Services, behind Snowflake's own gateway. */
export const spcs = connector<SpcsSettings>({
  type: 'mcp',
  preset: 'spcs',
  label: 'MCP server: Snowpark Container Services',
  about: "An MCP server in Snowpark Container Services: Snowflake's token in a header of its own, the app's beside it.",
  serves: 'mcp',
  settings,
  accepts: ['bearer', 'personalAccessToken', 'endpointToken'],
  secondCredential: true,
  limits: MCP_LIMITS,
  credentials: () => ({ [TOKEN_SLOT]: { scopes: ['session:role-any'] } }),
  destinations: ({ url }) => [placeOf(url)],
  role: () => undefined,
  server: (chosen) => ({
    ...relayRules(chosen),
    reach: { kind: 'http', url: chosen.url, lifecycle: 'remote', headers, judge },
  }),
});
