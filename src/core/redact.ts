import { type CredentialFields, secretParts } from './credential.ts';
import type { Log, LogLevel, LogValue } from './ports.ts';

const MASK = '[redacted]';
/** Shorter values would mask ordinary words. */
const LEAST_SECRET = 8;

/** Knows the live secrets and takes them out of text, also in the forms that URLs and headers give them. */
export interface Redactor {
  /** Every minted or stored secret is made known before it is used. */
  know(secret: string): void;
  redact(text: string): string;
}

/** Each begins where no other match could have begun, so that the time stays linear in the text. */
const patterns: readonly RegExp[] = [
  // A JSON Web Token, whole or cut off after its second part.
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  // Behind the name of a scheme: a token, not the next word of a sentence.
  /(?<![\w])(?:Bearer|Basic|DPoP)\s{1,4}(?=[a-z.~+/=_-]{0,30}\d|[\w.~+/=-]{24})[\w.~+/=-]{8,}/gi,
  /((?:access_token|refresh_token|id_token|client_secret|code_verifier|assertion|subject_token|password|token)["']?\s{0,4}[=:]\s{0,4}["']?)[^\s"'&,}]{4,}/gi,
  /([?&#](?:code|state|token)=)[^&\s"']+/g,
  // User information in a URL.
  /((?<![\w+.-])[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@]{1,2048}@/gi,
];

/** @param capacity how many of the newest secrets are remembered (each in up to four forms) */
export function redactor(capacity = 512): Redactor {
  const forms = new Map<string, readonly string[]>();
  return {
    know(secret) {
      if (secret.length < LEAST_SECRET) return;
      forms.delete(secret);
      forms.set(secret, formsOf(secret));
      const oldest = forms.keys().next();
      if (forms.size > capacity && !oldest.done) forms.delete(oldest.value);
    },
    redact(text) {
      let clean = text;
      for (const variants of forms.values()) {
        for (const variant of variants) if (clean.includes(variant)) clean = clean.replaceAll(variant, MASK);
      }
      for (const pattern of patterns) {
        clean = clean.replace(pattern, (_whole, kept: unknown) => (typeof kept === 'string' ? kept : '') + MASK);
      }
      return clean;
    },
  };
}

/** A secret as it is, and in the forms that URLs and headers give it. */
export function formsOf(secret: string): readonly string[] {
  const signature = secret.split('.').length === 3 ? secret.slice(secret.lastIndexOf('.') + 1) : '';
  const ascii = /^[\x20-\x7e]*$/.test(secret);
  const variants = [secret, encodeURIComponent(secret), ascii ? btoa(secret).replace(/=+$/, '') : '', signature];
  return [...new Set(variants)].filter((variant) => variant.length >= LEAST_SECRET);
}

/** Makes every secret part of a credential known. */
export function knowSecrets(redactor: Pick<Redactor, 'know'>, fields: CredentialFields): void {
  for (const part of Object.values(secretParts(fields))) if (typeof part === 'string') redactor.know(part);
}

/** A log whose every line passes the redactor; `write` gets finished text. */
export function redactedLog(redactor: Redactor, write: (level: LogLevel, line: string) => void): Log {
  const line =
    (level: LogLevel) =>
    (message: string, data: Readonly<Record<string, LogValue>> = {}): void => {
      const pairs = Object.entries(data)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => ` ${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
      write(level, redactor.redact(message + pairs.join('')));
    };
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}
