import type { Flow } from './flow.ts';
import { openable } from './redirect.ts';

/**
 * The user confirms a code on any device, and no redirect is needed (RFC 8628 section 3.2 to 3.5).
 *
 * The sign-in itself polls, until the flow is closed. The provider chooses what the user is sent to, so only web pages pass.
 */
export const deviceCode: Flow = {
  name: 'deviceCode',
  async begin({ description, handler }) {
    const polling = new AbortController();
    const code = await handler.device(polling.signal);
    const { verificationUriComplete: complete } = code;
    try {
      const verificationUri = openable(code.verificationUri, description);
      const verificationUriComplete = complete === undefined ? undefined : openable(complete, description);
      return {
        flow: 'deviceCode',
        prompt: { kind: 'code', code: { ...code, verificationUri, verificationUriComplete } },
        close: () => polling.abort(),
      };
    } catch (error) {
      polling.abort();
      throw error;
    }
  },
};
