import type { Credential } from '../core/credential.ts';
import { PassportError } from '../core/errors.ts';
import { fromWire, type ToExtension, type ToGateway } from '../core/link.ts';
import type { CredentialResolver } from './gateway.ts';
import { SignInNeeded } from './toolErrors.ts';

/** Credentials over the IPC channel: every question has a number, and an answer counts once. */
export interface ExtensionLink {
  readonly resolveCredential: CredentialResolver;
  /** Takes an answer of the extension. One that nobody waits for is dropped. */
  answer(message: Extract<ToGateway, { type: 'credential' | 'credentialRefused' }>): void;
}

interface Question {
  readonly identityProvider: string | undefined;
  readonly resolve: (credential: Credential) => void;
  readonly reject: (error: Error) => void;
}

export function extensionLink(send: (message: ToExtension) => void): ExtensionLink {
  const questions = new Map<number, Question>();
  let last = 0;

  return {
    resolveCredential({ id, binding, identityProvider }, slot, { rejected, leastLife, signal }) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      last += 1;
      const request = last;
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          questions.delete(request);
          send({ type: 'credentialAbandoned', request });
          reject(signal.reason as Error);
        };
        const settled =
          <Value>(done: (value: Value) => void) =>
          (value: Value): void => {
            signal.removeEventListener('abort', onAbort);
            done(value);
          };
        signal.addEventListener('abort', onAbort, { once: true });
        questions.set(request, { identityProvider, resolve: settled(resolve), reject: settled(reject) });
        send({ type: 'credentialWanted', request, connection: id, binding, slot, rejected: rejected?.id, leastLife });
      });
    },
    answer(message) {
      const question = questions.get(message.request);
      questions.delete(message.request);
      if (!question) return;
      if (message.type === 'credential') return question.resolve(fromWire(message.credential));
      const { error, signIn } = message;
      const { identityProvider } = question;
      question.reject(
        signIn === undefined || identityProvider === undefined
          ? PassportError.from(error)
          : new SignInNeeded(error, identityProvider, signIn),
      );
    },
  };
}
