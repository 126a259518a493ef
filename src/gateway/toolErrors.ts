import type { CallToolResult } from '@modelcontextprotocol/server';

import type { ErrorFacts } from '../core/errors.ts';
import { PassportError } from '../core/errors.ts';
import type { SignInPage } from '../core/link.ts';

/** Thrown by a credential resolver when only the user can help, by opening this page. */
export class SignInNeeded extends PassportError {
  readonly identityProvider: string;
  readonly signIn: SignInPage;

  constructor(facts: ErrorFacts, identityProvider: string, signIn: SignInPage) {
    super(facts.code, facts.params, { detail: facts.detail });
    this.identityProvider = identityProvider;
    this.signIn = signIn;
  }
}

/** An error as a tool answers it: fields for programs and models, the same in one sentence for everybody else. */
export function failed(error: PassportError, redact: (text: string) => string): CallToolResult {
  const detail = error.detail === undefined ? undefined : redact(error.detail);
  const message = redact(error.message);
  const sentence = [message, detail && `Detail: ${detail}`, redact(error.fix)].filter(Boolean).join(' ');
  return {
    isError: true,
    content: [{ type: 'text', text: `${error.code}: ${sentence}` }],
    structuredContent: {
      error: {
        code: error.code,
        message,
        whoCanFix: error.who,
        fix: redact(error.fix),
        ...(detail !== undefined && { detail }),
        retry: error.retry,
      },
    },
  };
}
