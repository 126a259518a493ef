import type { Flow } from './flow.ts';
import { judge, openable, responseOf } from './redirect.ts';

/**
 * The redirect comes back through an address that the operating system, or the editor's own web server, hands to the editor (RFC 8252 section 7.1, 7.2).
 *
 * It may reach another window than the one that waits, and the editor may add parameters of its own: only the state says whose it is.
 * Another program may have claimed the address: the code is of no use to it without the PKCE verifier (RFC 8252 section 8.1).
 */
export const editorUri: Flow = {
  name: 'editorUri',
  async begin({ description, handler, host }) {
    const redirectUri = await host.editorUri();
    const url = openable(await handler.start(redirectUri), description);
    let taken: string | null = null;
    let open = true;
    return {
      flow: 'editorUri',
      prompt: { kind: 'page', url },
      redirectUri,
      async receive(received) {
        const response = responseOf(received.searchParams);
        if (!open || judge(response, handler.expectedState()) !== 'answer') return false;
        const state = response.get('state');
        // Brought twice, by two windows: it is ours, and already spent.
        if (state === taken) return true;
        taken = state;
        const callback = new URL(redirectUri);
        callback.search = response.toString();
        await handler.finish(callback);
        return true;
      },
      close() {
        open = false;
      },
    };
  },
};
