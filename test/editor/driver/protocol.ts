/** Lines of JSON between a test and the driver extension, over one loopback connection a window. */

/** Where the driver connects to: `<port>:<key>`. */
export const endpointVariable = 'DATA_PASSPORT_TEST_DRIVER';
export const scriptedVendor = 'dp-scripted';

export type TestMessage =
  /** `source` is a function of (vscode, argument, cancellation token). */
  | { readonly type: 'evaluate'; readonly id: number; readonly source: string; readonly argument: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number; readonly parts: readonly ModelPart[] };

export type DriverMessage =
  | { readonly type: 'hello'; readonly key: string }
  | { readonly type: 'result'; readonly id: number; readonly value?: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly name: string; readonly message: string }
  | { readonly type: 'model'; readonly id: number; readonly request: ModelRequest };

export type ModelPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'call'; readonly callId: string; readonly name: string; readonly input: object }
  | { readonly type: 'result'; readonly callId: string; readonly text: string }
  | { readonly type: 'other' };

export interface ModelMessage {
  readonly role: 'user' | 'assistant' | 'system';
  readonly parts: readonly ModelPart[];
}

/** What the editor asked a model. */
export interface ModelRequest {
  readonly messages: readonly ModelMessage[];
  /** Names of the tools on offer. */
  readonly tools: readonly string[];
}

/** Feeds a stream of bytes; calls back for each complete line, parsed. */
export function lineReader(onMessage: (message: unknown) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString();
      rest = rest.subarray(end + 1);
      onMessage(JSON.parse(line));
    }
  };
}
