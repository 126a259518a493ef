import { ProxyFault } from './network.ts';

/** What our own fetch says of the proxy, or the operating system's code, such as ECONNREFUSED; never a message, which may quote what was sent. */
export function networkReason(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof ProxyFault) return current.message;
    if (current.name === 'TimeoutError' || codeOf(current) === 'OAUTH_TIMEOUT') return 'no answer in time';
    const code = codeOf(current);
    if (code !== undefined && /^[A-Z][A-Z0-9_]+$/.test(code) && !code.startsWith('OAUTH_')) return code;
  }
  return 'network error';
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
