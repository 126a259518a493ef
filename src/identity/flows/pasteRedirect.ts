import { PassportError } from '../../core/errors.ts';
import type { ProviderDescription } from '../presets/preset.ts';
import type { Flow } from './flow.ts';
import { judge, openable } from './redirect.ts';

/** Where the rule allows any port: one that hardly anything listens on. */
const UNUSED_PORT = 47_823;

/**
 * The browser ends at a loopback address where nobody listens, because it runs on another machine, and the user brings that address.
 *
 * The whole address is wanted, never a bare code: the state in it says that it belongs to this sign-in (RFC 9700 section 4.7).
 */
export const pasteRedirect: Flow = {
  name: 'pasteRedirect',
  async begin({ description, handler }) {
    const { host, ports, path } = description.redirect;
    const redirectUri = `http://${host}:${ports[0] ?? UNUSED_PORT}${path}`;
    const url = openable(await handler.start(redirectUri), description);
    const expected = new URL(redirectUri);
    let open = true;
    return {
      flow: 'pasteRedirect',
      prompt: { kind: 'paste', url },
      redirectUri,
      async receive(pasted) {
        if (pasted.origin !== expected.origin || pasted.pathname !== expected.pathname) {
          throw notThis(description, `it does not begin with ${redirectUri}`);
        }
        const verdict = judge(pasted.searchParams, open ? handler.expectedState() : undefined);
        if (verdict === 'malformed') throw notThis(description, 'it is not complete, or was changed');
        if (verdict === 'otherState') throw notThis(description, 'it belongs to another sign-in, or to an earlier try');
        const callback = new URL(redirectUri);
        callback.search = pasted.search;
        await handler.finish(callback);
        return true;
      },
      close() {
        open = false;
      },
    };
  },
};

/** Says nothing of what was pasted: it may hold a code. */
function notThis({ title }: ProviderDescription, problem: string): PassportError {
  return new PassportError('DP-SIGN-IN-PASTED', { provider: title, problem });
}
