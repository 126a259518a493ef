import type { CredentialFields } from '../../core/credential.ts';
import type { ErrorFacts } from '../../core/errors.ts';

/** What a remote MCP server may use of the editor beyond tools, and offer beyond them. */
export const FEATURES = ['resources', 'prompts', 'completions', 'logging', 'elicitation', 'sampling', 'roots'] as const;

export type Feature = (typeof FEATURES)[number];

/** Credentials of one request, by slot; a slot that the settings leave out is absent. */
export type Slots = Readonly<Record<string, CredentialFields | undefined>>;

/** An answer as far as it matters for judging it: header names in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The beginning of the body, as text. */
  readonly body: string;
}

/** An error of JSON-RPC that came with status 200. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
}

/**
 * What a refusal means; the gateway adds the parameters `connection`, `host` and `status`. `rejected`: the credential of that slot; a fresh one is tried once, because the call can not have run, and
 * the error stands when that is refused as well. `final`: nothing that another credential would mend; nothing is tried twice.
 */
export type Verdict =
  | { readonly kind: 'rejected'; readonly slot: string; readonly error: ErrorFacts }
  | {
      readonly kind: 'final';
      readonly error: ErrorFacts;
      /** Slot whose credential is not good any more: the next call asks for another one. */
      readonly spent?: string | undefined;
    };

/** A server behind HTTP. */
export interface HttpServer {
  readonly kind: 'http';
  /** Exact address of the MCP endpoint: credentials go to this origin alone. */
  readonly url: string;
  /** `local`: it knows tools and nothing of the rest; initialize, ping and notifications are answered in its place. */
  readonly lifecycle: 'remote' | 'local';
  /** Header fields that carry the credentials, and those that it always wants. */
  headers(credentials: Slots): Readonly<Record<string, string>>;
  /** What an answer with a status from 300 means. Default: the general rules. */
  judge?(answer: HttpAnswer): Verdict | undefined;
  /** What an error in an answer with status 200 means. Default: it is the answer. */
  judgeError?(error: RpcError): Verdict | undefined;
  /** What the text of a tool result with `isError` means. Default: it is the answer. */
  judgeFailure?(text: string): Verdict | undefined;
  /** What the model has to know of a result beside what it says, such as that the server cut it. */
  remark?(text: string): string | undefined;
}

/** A program on this machine that speaks MCP over its standard input and output. */
export interface ProgramServer {
  readonly kind: 'program';
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  /** Variables without secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** The variable that gets the token. */
  readonly tokenVariable?: string | undefined;
  /** An address on this machine in place of the token: what the program asks there goes to `url`, with the token on. */
  readonly api?: ProgramApi | undefined;
}

export interface ProgramApi {
  readonly variable: string;
  readonly url: string;
  headers(credentials: Slots): Readonly<Record<string, string>>;
}

/** A remote MCP server as the gateway relays to it. */
export interface RemoteServer {
  readonly reach: HttpServer | ProgramServer;
  /** What passes beside tools. */
  readonly allow: readonly Feature[];
  /** Run by people that the user trusts like themselves: texts pass as they are, and tools may change. */
  readonly trusted: boolean;
  /** What happens to a tool that was not there before. */
  readonly newTools: 'allow' | 'ask';
}
