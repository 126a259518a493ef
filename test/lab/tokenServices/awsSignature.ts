import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query as they were written. */
  readonly target: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What AWS has of the one who signs. */
export interface SigningKeys {
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch. */
  readonly ends: number;
}

export interface VerifierOptions {
  readonly region: string;
  readonly keysOf: (accessKeyId: string) => SigningKeys | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Verdict {
  /** Whose signature it is; absent where it is nobody's. */
  readonly accessKeyId?: string;
  /** `missing`, `key`, `token`, `ended`, `time`, `scope`, `headers`, `signature`. */
  readonly problem?: string;
}

interface Claimed {
  readonly credential: string;
  readonly names: string;
  readonly signature: string;
  readonly date: string;
  readonly token: string | undefined;
}

const MINUTES = 5;

/**
 * Verifies Signature Version 4 by its specification (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
 * from the wire and apart from the code that signs.
 */
export function createSignatureVerifier({ region, keysOf, now }: VerifierOptions) {
  function judge(
    request: WireRequest,
    claimed: Claimed,
    rule: { service: string; seconds: number; query: string },
  ): Verdict {
    const [accessKeyId = '', day = '', place, service, end] = claimed.credential.split('/');
    const keys = keysOf(accessKeyId);
    if (!keys) return { problem: 'key' };
    if (claimed.token !== keys.sessionToken) return { problem: 'token' };
    if (keys.ends <= now()) return { problem: 'ended' };
    const stamp = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claimed.date);
    if (!stamp || !claimed.date.startsWith(day)) return { problem: 'time' };
    const [, year, month, date, hour, minute, second] = stamp.map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const age = now() - Date.UTC(year, month - 1, date, hour, minute, second);
    if (age < -MINUTES * 60_000 || age > rule.seconds * 1000) return { problem: 'time' };
    if (place !== region || service !== rule.service || end !== 'aws4_request') return { problem: 'scope' };
    const names = claimed.names.split(';');
    const needed = Object.keys(request.headers).filter(
      (name) => name === 'host' || name === 'content-type' || name.startsWith('x-amz-'),
    );
    if (names.toSorted().join() !== names.join() || needed.some((name) => !names.includes(name)))
      return { problem: 'headers' };

    let canonical = `${request.method}\n${request.target.split('?')[0]}\n${rule.query}\n`;
    for (const name of names) canonical += `${name}:${(request.headers[name] ?? '').trim().replaceAll(/\s+/g, ' ')}\n`;
    canonical += `\n${claimed.names}\n${sha256(request.body)}`;
    const toSign = `AWS4-HMAC-SHA256\n${claimed.date}\n${day}/${place}/${service}/${end}\n${sha256(canonical)}`;
    const dayKey = hmac(Buffer.from(`AWS4${keys.secretAccessKey}`), day);
    const signingKey = hmac(hmac(hmac(dayKey, region), rule.service), 'aws4_request');
    const expected = hmac(signingKey, toSign);
    const actual = Buffer.from(claimed.signature, 'hex');
    const same = actual.length === expected.length && timingSafeEqual(actual, expected);
    return same ? { accessKeyId } : { problem: 'signature' };
  }

  return {
    /** Of a request whose headers carry the signature. */
    verifyRequest(request: WireRequest, service: string): Verdict {
      const form = /^AWS4-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
      const [, credential, names, signature] = form.exec(request.headers['authorization'] ?? '') ?? [];
      if (credential === undefined || names === undefined || signature === undefined) return { problem: 'missing' };
      const date = request.headers['x-amz-date'] ?? '';
      const token = request.headers['x-amz-security-token'];
      const query = canonicalQuery(rawPairs(request.target));
      return judge(request, { credential, names, signature, date, token }, { service, seconds: MINUTES * 60, query });
    },

    /** Of a request whose query carries the signature; it is good as long as it says, but no longer than `most` seconds. */
    verifyQuery(request: WireRequest, service: string, most: number): Verdict {
      const pairs = rawPairs(request.target);
      const once = (name: string): string | undefined => {
        const values = pairs.filter(([key]) => key === name);
        return values.length === 1 ? values[0]?.[1] : undefined;
      };
      const [credential, names, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) =>
        once(`X-Amz-${name}`),
      );
      if (credential === undefined || names === undefined || signature === undefined) return { problem: 'missing' };
      const seconds = Number(once('X-Amz-Expires'));
      if (once('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256' || !(seconds > 0 && seconds <= most))
        return { problem: 'time' };
      const claimed = {
        credential,
        names,
        signature,
        date: once('X-Amz-Date') ?? '',
        token: once('X-Amz-Security-Token'),
      };
      const query = canonicalQuery(pairs.filter(([name]) => name !== 'X-Amz-Signature'));
      return judge(request, claimed, { service, seconds, query });
    },
  };
}

/** Decoded as RFC 3986 has it: a plus sign is a plus sign. */
export function rawPairs(target: string): [string, string][] {
  const [, query = ''] = target.split('?');
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split('=');
    return [decodeURIComponent(name), decodeURIComponent(value)];
  });
}

function canonicalQuery(pairs: readonly [string, string][]): string {
  return pairs
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .toSorted()
    .join('&');
}

function escaped(text: string): string {
  let result = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    const plain = byte < 128 && /[A-Za-z0-9\-._~]/.test(character);
    result += plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
