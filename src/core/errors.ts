import { bareError } from './bareError.ts';
import { ERRORS, type Mender } from './errorTable.ts';

export type ErrorCode = keyof typeof ERRORS;

/** What a {@link PassportError} is made of; plain data, so that it can cross between processes. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly params: Readonly<Record<string, string>>;
  /** What the other side said, shortened and redacted by whoever made the error. */
  readonly detail?: string | undefined;
}

/** An error that a user may see: a code of the table, its parameters, and at most a redacted word of the other side. */
export class PassportError extends Error {
  override readonly name = 'PassportError';
  readonly code: ErrorCode;
  readonly params: Readonly<Record<string, string>>;
  readonly detail: string | undefined;

  constructor(
    code: ErrorCode,
    params: Readonly<Record<string, string>> = {},
    more: { detail?: string | undefined; cause?: unknown } = {},
  ) {
    super(
      shortened(filled(ERRORS[code].sentence, params), 4 * LONGEST),
      more.cause === undefined ? undefined : { cause: bareError(more.cause) },
    );
    this.code = code;
    this.params = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, shortened(value)]));
    this.detail = more.detail === undefined ? undefined : shortened(more.detail);
  }

  get who(): Mender {
    return ERRORS[this.code].who;
  }

  get fix(): string {
    return filled(ERRORS[this.code].fix, this.params);
  }

  get retry(): boolean {
    return ERRORS[this.code].retry;
  }

  facts(): ErrorFacts {
    return { code: this.code, params: this.params, ...(this.detail !== undefined && { detail: this.detail }) };
  }

  static from(facts: ErrorFacts): PassportError {
    return new PassportError(facts.code, facts.params, { detail: facts.detail });
  }
}

/** Any thrown value as a {@link PassportError}; what it does not know becomes `DP-INTERNAL` with the error's class only, never its text. */
export function asPassportError(thrown: unknown): PassportError {
  if (thrown instanceof PassportError) return thrown;
  const problem = thrown instanceof Error ? thrown.name : typeof thrown;
  return new PassportError('DP-INTERNAL', { problem }, { cause: thrown });
}

/** Characters of one word of the other side: whatever it says, it fills neither a log nor a chat. */
const LONGEST = 2048;

function shortened(text: string, most = LONGEST): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** A template with its `{name}`s replaced; those that nothing is known of stay. What replaces them is not filled again. */
export function filled(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(params, name) ? (params[name] ?? whole) : whole,
  );
}
