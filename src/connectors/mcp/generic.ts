import * as z from 'zod/mini';

import { connector } from '../connector.ts';
import { addressSetting, placeOf } from './address.ts';
import { MCP_LIMITS, relayRules, relaySettings, TOKEN_KINDS } from './common.ts';
import { fixedHeaders, headerSettings, lowerCased, templated } from './headerTemplate.ts';

/** The one slot of the connection. */
export const TOKEN_SLOT = 'token';

const settings = () =>
  z.strictObject({
    url: addressSetting('Address of the MCP server, such as `https://mcp.example.com/mcp`.'),
    ...headerSettings(),
    headers: fixedHeaders(),
    ...relaySettings(),
  });

type GenericSettings = z.infer<ReturnType<typeof settings>>;

/** Any MCP server behind HTTP that takes the token in a header. */
export const genericMcp = connector<GenericSettings>({
  type: 'mcp',
  preset: 'generic',
  label: 'MCP server',
  about: 'Any remote MCP server that takes the token in a header of your choice.',
  serves: 'mcp',
  settings,
  accepts: TOKEN_KINDS,
  limits: MCP_LIMITS,
  credentials: () => ({ [TOKEN_SLOT]: { scopes: [] } }),
  destinations: ({ url }) => [placeOf(url)],
  role: () => undefined,
  server: (chosen) => ({
    ...relayRules(chosen),
    reach: {
      kind: 'http',
      url: chosen.url,
      lifecycle: 'remote',
      headers: ({ [TOKEN_SLOT]: token }) => ({ ...lowerCased(chosen.headers), ...templated(chosen, token) }),
    },
  }),
});
