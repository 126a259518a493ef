import type { ErrorFacts, PassportError } from './errors.ts';
import type { Redactor } from './redact.ts';

/** An error without the secrets that the other side may have repeated: parameters may be its words, and the message is made of them. */
export function redactedFacts(error: PassportError, { redact }: Pick<Redactor, 'redact'>): ErrorFacts {
  const { code, params, detail } = error.facts();
  return {
    code,
    params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, redact(value)])),
    ...(detail !== undefined && { detail: redact(detail) }),
  };
}
