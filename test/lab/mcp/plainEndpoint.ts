import type { Exchange } from './http.ts';

/** One protocol revision's way over HTTP. */
export interface PlainEndpoint {
  readonly path: string;
  /** False for a path that is not its own. */
  handle(exchange: Exchange, user: string): Promise<boolean>;
  answerAs(form: 'stream' | 'json'): void;
  batchAnswers(): void;
  drop(): Promise<void>;
  size(): number;
  close(): Promise<void>;
}
