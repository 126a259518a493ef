import { type CredentialFields, secretParts } from '../../core/credential.ts';
import { formsOf } from '../../core/redact.ts';

/** Credentials whose forms are remembered: what was sent a moment ago may still be repeated. */
const REMEMBERED = 8;

/** Takes what we sent out of what comes back. Data of others that looks like a secret is left alone: it is the answer. */
export interface OwnSecrets {
  know(id: string, fields: CredentialFields): void;
  clean(text: string): string;
}

export function ownSecrets(): OwnSecrets {
  const forms = new Map<string, readonly string[]>();
  return {
    know(id, fields) {
      if (forms.has(id)) return;
      const parts = Object.values(secretParts(fields)).filter((part): part is string => typeof part === 'string');
      forms.set(
        id,
        parts.flatMap((part) => formsOf(part).concat(jsonForm(part))),
      );
      const oldest = forms.keys().next();
      if (forms.size > REMEMBERED && !oldest.done) forms.delete(oldest.value);
    },
    clean(text) {
      let clean = text;
      for (const variants of forms.values())
        for (const variant of variants) if (clean.includes(variant)) clean = clean.replaceAll(variant, '[redacted]');
      return clean;
    },
  };
}

/** As it stands in a JSON text, where that is another way than its own. */
function jsonForm(secret: string): readonly string[] {
  const written = JSON.stringify(secret).slice(1, -1);
  return written === secret ? [] : [written];
}
