import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { type LabUser, type LabUserName, labUsers } from '../sampleData.ts';
import { listen } from '../tokenServices/listen.ts';

export interface SnowflakeOAuthOptions {
  /** The built-in integration for local applications, or one of the administrator's own. Default: `local`. */
  readonly integration?: 'local' | 'public' | 'confidential';
  /** Of a confidential one. */
  readonly clientSecret?: string;
  /** Refresh tokens are good once, whatever the client asks for (OAUTH_SINGLE_USE_REFRESH_TOKENS_REQUIRED). */
  readonly singleUse?: boolean;
}

/** Of every integration but the built-in one. The sign at the end is a real one's: it has to be written differently in a URL. */
export const integrationClientId = 'client-of-the-integration=';

/** As whom a token is taken. */
export interface OwnToken {
  readonly user: LabUser;
  readonly role: string;
  readonly expired: boolean;
}

/** Plays an account's own OAuth: `/oauth/authorize` and `/oauth/token-request`. */
export interface LabSnowflakeOAuth {
  readonly url: string;
  /** Every secret given out so far. */
  readonly issued: readonly string[];
  /**
   * Takes the browser's part: logs in and returns the redirect.
   * @throws Error where Snowflake leads nowhere and shows a page with its complaint
   */
  logIn(authorizeUrl: string | URL, user: LabUserName): Promise<URL>;
  check(token: string): OwnToken | undefined;
  /** Of those that are given from now on; 600 at first, as Snowflake has it. */
  setAccessTokenSeconds(seconds: number): void;
  close(): Promise<void>;
}

/** What one user agreed to at one login; known by its identity. */
interface Grant {
  readonly user: LabUser;
  readonly scope: string;
  readonly role: string;
}

interface Code {
  readonly grant: Grant;
  readonly challenge: string;
  readonly redirectUri: string;
}

type Form = URLSearchParams;
type Reply = readonly [status: number, body: object];

/** https://docs.snowflake.com/en/user-guide/oauth-snowflake-overview: the answer of the token endpoint to whatever it refuses. */
const refused = (error: string, message: string): Reply => [
  400,
  { data: null, error, code: null, message, success: false, headers: null },
];
const invalidClient = refused('invalid_client', 'This is an invalid client.');

/** Whoever starts it closes it. */
export async function startSnowflakeOAuth(options: SnowflakeOAuthOptions = {}): Promise<LabSnowflakeOAuth> {
  const { integration = 'local', singleUse = false } = options;
  const local = integration === 'local';
  const clientId = local ? 'LOCAL_APPLICATION' : integrationClientId;
  const clientSecret = local
    ? 'LOCAL_APPLICATION'
    : integration === 'public'
      ? undefined
      : (options.clientSecret ?? '');
  let seconds = 600;
  const codes = new Map<string, Code>();
  const accessTokens = new Map<string, { readonly grant: Grant; readonly expiresAt: number }>();
  const refreshTokens = new Map<string, { readonly grant: Grant; readonly once: boolean }>();
  const spent = new Map<string, Grant>();
  const issued: string[] = [];

  function secret(): string {
    const value = `ver:2-hint:${randomBytes(4).readUInt32BE()}-did:1-ETMsDgAAA${randomBytes(48).toString('base64')}`;
    issued.push(value);
    return value;
  }

  function authorize(query: URLSearchParams, name: string): URL {
    const user = labUsers.find((each) => each.name === name);
    const redirect = URL.parse(query.get('redirect_uri') ?? '');
    const scopes = (query.get('scope') ?? '').split(' ');
    const role = scopes.find((scope) => scope.startsWith('session:role:'))?.slice('session:role:'.length) ?? 'ANALYST';
    const wrong =
      query.get('client_id') !== clientId ||
      redirect?.protocol !== 'http:' ||
      redirect.hostname !== '127.0.0.1' ||
      query.get('response_type') !== 'code' ||
      query.get('code_challenge_method') !== 'S256' ||
      scopes.some((scope) => scope !== 'refresh_token' && !scope.startsWith('session:role:'));
    if (wrong || !redirect || !user) throw new Error(`Snowflake shows its error page: ${query.toString()}`);
    redirect.searchParams.set('state', query.get('state') ?? '');
    if (!user.roles.some((granted) => granted === role)) {
      redirect.searchParams.set('error', 'invalid_scope');
      return redirect;
    }
    const code = randomUUID();
    codes.set(code, {
      grant: { user, role, scope: scopes.join(' ') },
      challenge: query.get('code_challenge') ?? '',
      redirectUri: query.get('redirect_uri') ?? '',
    });
    redirect.searchParams.set('code', code);
    return redirect;
  }

  function answer(grant: Grant, refresh: string | undefined): Reply {
    const token = secret();
    accessTokens.set(token, { grant, expiresAt: Date.now() + seconds * 1000 });
    const fields = { access_token: token, token_type: 'Bearer', expires_in: seconds, scope: grant.scope };
    const more = refresh === undefined ? {} : { refresh_token: refresh, refresh_token_expires_in: 7_776_000 };
    return [200, { ...fields, ...more, username: grant.user.name.toUpperCase(), idpInitiated: false }];
  }

  function newRefreshToken(grant: Grant, once: boolean): string | undefined {
    if (!grant.scope.split(' ').includes('refresh_token')) return undefined;
    const token = secret();
    refreshTokens.set(token, { grant, once });
    return token;
  }

  function end(ended: Grant): void {
    for (const tokens of [accessTokens, refreshTokens])
      for (const [token, { grant }] of tokens) if (grant === ended) tokens.delete(token);
  }

  const grants: Record<string, (form: Form) => Reply> = {
    authorization_code(form) {
      const code = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (!code || challenge !== code.challenge || form.get('redirect_uri') !== code.redirectUri)
        return refused('invalid_grant', 'This is an invalid authorization code.');
      const once = singleUse || form.get('enable_single_use_refresh_tokens') === 'true';
      return answer(code.grant, newRefreshToken(code.grant, once));
    },
    refresh_token(form) {
      const token = form.get('refresh_token') ?? '';
      const reused = spent.get(token);
      if (reused) end(reused);
      const found = refreshTokens.get(token);
      if (!found) return refused('invalid_grant', 'This is an invalid refresh token.');
      const { grant, once } = found;
      // One role a token: a refresh can not ask for another one.
      if (!once) return answer(grant, undefined);
      // https://docs.snowflake.com/en/user-guide/single-use-refresh-tokens: all tokens of before are invalid, access tokens too.
      end(grant);
      spent.set(token, grant);
      return answer(grant, newRefreshToken(grant, true));
    },
  };

  function tokenRequest(request: IncomingMessage, form: Form): Reply {
    // Form-encoded Basic credentials, as RFC 6749 has them, are what it does not understand: it gets none here.
    if (request.headers.authorization !== undefined) return invalidClient;
    if (form.get('client_id') !== clientId) return invalidClient;
    if (clientSecret !== undefined && form.get('client_secret') !== clientSecret) return invalidClient;
    const grant = grants[form.get('grant_type') ?? ''];
    return grant ? grant(form) : refused('unsupported_grant_type', 'This grant type is not supported.');
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const { pathname } = new URL(request.url ?? '/', 'http://snowflake');
    const known = request.method === 'POST' && pathname === '/oauth/token-request';
    const [status, body] = known ? tokenRequest(request, form) : ([404, {}] as const);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  const { host, close } = await listen(server);
  return {
    url: `http://${host}`,
    issued,
    logIn: async (authorizeUrl, user) => {
      const url = new URL(authorizeUrl);
      if (url.pathname !== '/oauth/authorize') throw new Error(`There is no ${url.pathname}`);
      return authorize(url.searchParams, user);
    },
    check(token) {
      const found = accessTokens.get(token);
      return found && { ...found.grant, expired: found.expiresAt <= Date.now() };
    },
    setAccessTokenSeconds(next) {
      seconds = next;
    },
    close,
  };
}
