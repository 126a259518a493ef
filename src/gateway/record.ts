/** An object of JSON that came from elsewhere. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
