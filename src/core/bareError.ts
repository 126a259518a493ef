/**
 * What may be kept of somebody else's error as the `cause` of ours: its class, code and place. Drivers hang statements, tokens and
 * answers on their errors, and whoever prints an error prints its causes.
 */
export function bareError(thrown: unknown): Error {
  const bare = new Error();
  const { name, code, stack } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Record<
    string,
    unknown
  >;
  Object.defineProperty(bare, 'name', { value: isWord(name) ? name : typeof thrown });
  const places = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  bare.stack = [bare.name, ...places].join('\n');
  return isWord(code) ? Object.assign(bare, { code }) : bare;
}

/** A code or a class; anything else may be text. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]{1,60}$/.test(value);
}
