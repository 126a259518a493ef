/** Code of an error of the operating system or of Node.js, such as `ENOENT`; `unknown` where it has none. */
export function systemCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown';
}
