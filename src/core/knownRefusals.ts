import type { ErrorCode, ErrorFacts } from './errors.ts';
import { ERRORS } from './errorTable.ts';
import { claimRefusals } from './refusals/claims.ts';
import { entraRefusals } from './refusals/entra.ts';
import { mcpRefusals, metadataRefusals } from './refusals/mcp.ts';
import { networkRefusals } from './refusals/network.ts';
import { oauthRefusals } from './refusals/oauth.ts';
import { postgresRefusals } from './refusals/postgres.ts';
import type { KnownRefusal, Party, Remedy, Typed } from './refusals/refusal.ts';
import { snowflakeRefusals } from './refusals/snowflake.ts';
import { snowflakeReasons } from './refusals/snowflakeReasons.ts';
import { inOtherWords, type Translate, untranslated } from './told.ts';

export type { KnownRefusal, Party, Remedy, Typed } from './refusals/refusal.ts';

/** The first that fits counts: what is known of one system comes before what is true of all. */
export const KNOWN_REFUSALS: readonly KnownRefusal<ErrorCode>[] = [
  ...metadataRefusals,
  ...entraRefusals,
  ...snowflakeReasons,
  ...snowflakeRefusals,
  ...postgresRefusals,
  ...mcpRefusals,
  ...oauthRefusals,
  ...claimRefusals,
  ...networkRefusals,
];

/** What broke a link, who can mend it, and what to type. Plain data. */
export interface Explanation {
  readonly cause: string;
  readonly fix: string;
  readonly who: Party;
  readonly type: readonly Typed[];
  readonly remedy?: Remedy | undefined;
  /** The other side's own code or words, where they are known. */
  readonly sign?: string | undefined;
}

/** What is known of a connection, to be named in a fix: `connection`, `type`, `host`, `role`, `clientId`, `tokenIssuer` … */
export type Known = Readonly<Record<string, string>>;

/** Whose trouble an error is where nothing is known of the other side's words. Left out: what the table of errors says. */
const PARTIES: Partial<Record<ErrorCode, Party>> = {
  'DP-SIGN-IN-REFUSED': 'identityProvider',
  'DP-SIGN-IN-RESPONSE': 'identityProvider',
  'DP-SIGN-IN-FLOW': 'identityProvider',
  'DP-PROVIDER-REFUSED': 'identityProvider',
  'DP-PROVIDER-UNREACHABLE': 'network',
  'DP-PROVIDER-CERTIFICATE': 'network',
  'DP-TOKEN-SERVICE-UNREACHABLE': 'network',
  'DP-TOKEN-CLAIM': 'identityProvider',
  'DP-TOKEN-INVALID': 'user',
  'DP-TOKEN-SERVICE-ANSWER': 'user',
  'DP-EXCHANGE-REFUSED': 'identityProvider',
  'DP-EXCHANGE-SCOPE': 'identityProvider',
};

const REMEDIES: Partial<Record<ErrorCode, Remedy>> = {
  'DP-SETTING-INVALID': 'openSettings',
  'DP-CONNECTION-UNKNOWN': 'openSettings',
  'DP-SIGN-IN-REQUIRED': 'signIn',
  'DP-SIGN-IN-ENDED': 'signIn',
  'DP-SIGN-IN-WIDER': 'signIn',
  'DP-SIGN-IN-OTHER-USER': 'signIn',
  'DP-SIGN-IN-TIMEOUT': 'signIn',
  'DP-SIGN-IN-EXPIRED': 'signIn',
  'DP-ACCOUNT-REQUIRED': 'signIn',
  'DP-ID-TOKEN': 'signIn',
  'DP-CLIENT-SECRET': 'setClientSecret',
  'DP-SECRET-MISSING': 'setConnectionSecret',
  'DP-SECRET-EXPIRED': 'setConnectionSecret',
  'DP-KEY-PASSPHRASE': 'setConnectionSecret',
  'DP-CONNECTION-UNCONFIRMED': 'confirmConnections',
  'DP-PROVIDER-METADATA': 'openSettings',
  'DP-MCP-REDIRECT': 'openSettings',
};

const BY_MENDER = { agent: 'user', user: 'user', administrator: 'system', nobody: 'nobody' } as const;

/**
 * What an error of a link means: as exactly as the other side's words allow, else as the table of errors has it.
 * @param known of the connection; the error's own parameters come first
 * @param translated what a user reads of it, in their language
 */
export function explain(
  { code, params, detail }: ErrorFacts,
  known: Known,
  translated: Translate = untranslated,
): Explanation {
  const all: Known = { ...known, ...params };
  const words = [...(detail === undefined ? [] : [detail]), ...Object.values(params)];
  for (const entry of KNOWN_REFUSALS) {
    const found = entry.codes.includes(code) ? fitting(entry, words, all) : undefined;
    if (found) return explained(entry, { ...all, ...found }, translated);
  }
  const { cause, fix, who } = ERRORS[code];
  const shown: Known = { ...known, ...inOtherWords(params, translated) };
  return {
    cause: filled(translated(cause), shown),
    fix: filled(translated(fix), shown),
    who: PARTIES[code] ?? BY_MENDER[who],
    type: [],
    remedy: REMEDIES[code],
  };
}

/** What the named groups found; undefined where the entry does not fit. */
function fitting({ says, where = {} }: KnownRefusal, words: readonly string[], all: Known): Known | undefined {
  if (!Object.entries(where).every(([name, pattern]) => pattern.test(all[name] ?? ''))) return undefined;
  if (!says) return {};
  const found = words.map((text) => says.exec(text)).find((each) => each !== null);
  if (!found) return undefined;
  return Object.fromEntries(Object.entries(found.groups ?? {}).filter(([, value]) => value !== undefined));
}

function explained(entry: KnownRefusal, all: Known, translated: Translate): Explanation {
  const { cause, fix, who, type = [], remedy, sign, system } = entry;
  const shown = inOtherWords(all, translated);
  return {
    cause: filled(translated(cause), shown),
    fix: filled(translated(fix), shown),
    who,
    type: type.map(({ language, text }) => ({ language, text: typed(text, all) })),
    remedy,
    sign: `${system}: ${sign}`,
  };
}

function filled(template: string, all: Known): string {
  return template.replace(/\{(\w+)\}/g, (_whole, name: string) => all[name] ?? `<${name}>`);
}

/** What somebody will paste into a console holds no word of the other side that could be more than a name. */
function typed(template: string, all: Known): string {
  return template.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = all[name] ?? '';
    return /^(?!.*--)["\w.@:/-]{1,200}$/.test(value) && (value.match(/"/g)?.length ?? 0) % 2 === 0
      ? value
      : `<${name}>`;
  });
}
