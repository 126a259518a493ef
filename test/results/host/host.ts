import { AppBridge, type McpUiHostContext, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge';

/** The side of an editor, as the official package for hosts speaks it: what it does not accept is an error of the page. */
export interface TestHost {
  /** Opens the page in a frame and waits until it has shaken hands. */
  open(context: McpUiHostContext): Promise<void>;
  input(args: Record<string, unknown>): Promise<void>;
  result(result: object): Promise<void>;
  canceled(): Promise<void>;
  context(context: McpUiHostContext): void;
  /** What the next tools/call of the page gets: a result, or an error with a text. */
  answerWith(answer: { readonly result: object } | { readonly error: string }): void;
  /** What the page asked for since it was opened. */
  calls(): readonly { readonly name: string; readonly arguments?: unknown }[];
}

declare global {
  interface Window {
    testHost: TestHost;
  }
}

const frame = document.querySelector('iframe') as HTMLIFrameElement;
let bridge: AppBridge | undefined;
let answer: { readonly result: object } | { readonly error: string } | undefined;
const calls: { name: string; arguments?: unknown }[] = [];

const theBridge = (): AppBridge => {
  if (!bridge) throw new Error('The page is not open.');
  return bridge;
};

window.testHost = {
  async open(context) {
    await bridge?.close();
    calls.length = 0;
    answer = undefined;
    const made = new AppBridge(
      null,
      { name: 'test host', version: '1' },
      { serverTools: {} },
      { hostContext: context },
    );
    bridge = made;
    const ready = new Promise<void>((resolve) => made.addEventListener('initialized', () => resolve()));
    made.oncalltool = async (call) => {
      calls.push(call);
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (!answer) throw new Error('nothing to answer with');
      if ('error' in answer) throw new Error(answer.error);
      return answer.result as never;
    };
    made.addEventListener('sizechange', ({ height }) => {
      if (height !== undefined) frame.style.height = `${height}px`;
    });
    const target = frame.contentWindow as Window;
    await made.connect(new PostMessageTransport(target, target));
    frame.src = '/page';
    await ready;
  },
  input: (args) => theBridge().sendToolInput({ arguments: args }),
  result: (result) => theBridge().sendToolResult(result as never),
  async canceled() {
    await theBridge().sendToolCancelled({});
  },
  context: (context) => theBridge().setHostContext(context),
  answerWith: (next) => (answer = next),
  calls: () => calls,
};
