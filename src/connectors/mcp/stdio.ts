import * as z from 'zod/mini';

import { connector } from '../connector.ts';
import { addressSetting, placeOf } from './address.ts';
import { MCP_LIMITS, relayRules, relaySettings, TOKEN_KINDS } from './common.ts';
import { TOKEN_SLOT } from './generic.ts';
import { headerSettings, templated } from './headerTemplate.ts';

const variable = () =>
  z.string().check(
    z.regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'must be the name of an environment variable'),
    z.refine(
      (name) => !/^(?:PATH|HOME|SHELL|USER|NODE_.*|LD_.*|DYLD_.*|ELECTRON_.*|VSCODE_.*|npm_.*)$/i.test(name),
      'is a variable that programs depend on',
    ),
  );

const api = () =>
  z
    .strictObject({
      variable: variable().check(z.describe('Environment variable that gets the address on this machine.')),
      url: addressSetting(
        'Address of the service: what the program asks of the address on this machine is asked there.',
      ),
      ...headerSettings(),
    })
    .check(
      z.describe(
        'In place of `tokenVariable`: the program gets an address on this machine, and its requests go on to the service with your token. The program never has the token.',
      ),
    );

const settings = () =>
  z
    .strictObject({
      command: z
        .string()
        .check(
          z.minLength(1),
          z.describe('Program that speaks MCP over its standard input and output. No shell is involved.'),
        ),
      args: z._default(z.array(z.string()), []).check(z.describe('Arguments, each as it is.')),
      cwd: z.optional(z.string().check(z.minLength(1), z.describe('Folder that the program runs in.'))),
      env: z.optional(
        z.record(variable(), z.string()).check(z.describe('Further environment variables, without secrets.')),
      ),
      tokenVariable: z.optional(
        variable().check(
          z.describe(
            'Environment variable that gets the token. This is the one place where a token enters an environment variable: every program that this one starts can read it. It is started anew when the token ends. Where the program can be pointed at another address of its service, `api` keeps the token out of it.',
          ),
        ),
      ),
      api: z.optional(api()),
      ...relaySettings(),
    })
    .check(
      z.refine((chosen) => (chosen.tokenVariable === undefined) !== (chosen.api === undefined), {
        path: ['tokenVariable'],
        error: 'or api: exactly one of the two must be set',
      }),
    );

type StdioSettings = z.infer<ReturnType<typeof settings>>;

/** A program on this machine that speaks MCP. */
export const stdioMcp = connector<StdioSettings>({
  type: 'mcp',
  preset: 'stdio',
  label: 'MCP server: local program',
  about: 'A local MCP server over standard input and output. Off in Restricted Mode.',
  serves: 'mcp',
  settings,
  accepts: TOKEN_KINDS,
  limits: MCP_LIMITS,
  credentials: () => ({ [TOKEN_SLOT]: { scopes: [] } }),
  destinations: ({ api }) => (api ? [placeOf(api.url)] : []),
  role: () => undefined,
  program: ({ command, args }) => [command, ...args],
  programTerms: ({ cwd, env = {}, tokenVariable, api }) => ({
    cwd,
    environment: Object.entries(env)
      .map(([name, value]) => `${name}=${value}`)
      .toSorted(),
    tokenVariable,
    api: api && { variable: api.variable, url: api.url },
  }),
  server: (chosen) => {
    const { command, args, cwd, env = {}, tokenVariable, api: service } = chosen;
    return {
      ...relayRules(chosen),
      reach: {
        kind: 'program',
        command,
        args,
        cwd,
        environment: env,
        tokenVariable,
        api: service && {
          variable: service.variable,
          url: service.url,
          headers: ({ [TOKEN_SLOT]: token }) => templated(service, token),
        },
      },
    };
  },
});
