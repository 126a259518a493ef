/**
 * What may be kept of somebody else's error as the `cause` of ours: its class and code. Drivers hang statements, tokens and
 * answers on their errors, and whoever prints an error prints its causes.
 */
export function bareError(thrown: unknown): Error {
  const bare = new Error();
  const { name, code } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Record<string, unknown>;
  Object.defineProperty(bare, 'name', { value: isWord(name) ? name : typeof thrown });
  return isWord(code) ? Object.assign(bare, { code }) : bare;
}

/** A code or a class; anything else may be text. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]{1,60}$/.test(value);
}
