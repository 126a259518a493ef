/** Fixed words that fill a `{name}` of an error. */
export const PHRASES: readonly string[] = [];
