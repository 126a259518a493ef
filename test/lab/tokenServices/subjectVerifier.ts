import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose';

/** An identity provider that a token service trusts. */
export interface TrustedIssuer {
  readonly issuer: string;
  /** One of these must be in `aud`. */
  readonly audiences: readonly string[];
}

/** Why a subject token is not taken. */
export type SubjectProblem = 'malformed' | 'issuer' | 'audience' | 'stale' | 'signature';

export type VerifiedSubject = { readonly claims: JWTPayload } | { readonly problem: SubjectProblem };

export interface SubjectVerifier {
  verify(token: string, trusted: TrustedIssuer): Promise<VerifiedSubject>;
}

const DAY = 86_400;

/** Verifies JWTs of other people's identity providers by the keys that their metadata points to, each time anew. */
export function createSubjectVerifier(): SubjectVerifier {
  return {
    async verify(token, { issuer, audiences }) {
      const unverified = parts(token);
      if (unverified === undefined) return { problem: 'malformed' };
      if (unverified.iss !== issuer) return { problem: 'issuer' };
      const carried = new Set([unverified.aud].flat());
      if (!audiences.some((audience) => carried.has(audience))) return { problem: 'audience' };
      const now = Date.now() / 1000;
      const { iat = 0, exp = 0, sub } = unverified;
      if (sub === undefined) return { problem: 'malformed' };
      if (exp <= now || iat > now + 60 || iat < now - DAY) return { problem: 'stale' };
      try {
        const keys = createRemoteJWKSet(await keysOf(issuer));
        return { claims: (await jwtVerify(token, keys, { issuer, algorithms: ['RS256', 'ES256'] })).payload };
      } catch {
        return { problem: 'signature' };
      }
    },
  };
}

/** OpenID Connect Discovery 1.0 section 4. */
async function keysOf(issuer: string): Promise<URL> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const { jwks_uri: uri } = (await response.json()) as { jwks_uri: string };
  return new URL(uri);
}

/** Undefined for what no such service takes: no JWT, another algorithm, a key without a name. */
function parts(token: string): JWTPayload | undefined {
  try {
    const { alg = '', kid } = decodeProtectedHeader(token);
    return ['RS256', 'ES256'].includes(alg) && kid !== undefined ? decodeJwt(token) : undefined;
  } catch {
    return undefined;
  }
}
