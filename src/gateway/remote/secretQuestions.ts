import { isObject } from '../record.ts';

const SECRET =
  /pass(?:word|phrase|code)|\bpwd\b|secret|\btoken\b|api[ _-]?key|access[ _-]?key|private[ _-]?key|credential|\bpin\b|\botp\b|one[- ]time code|credit card|card number|\bcvv\b|\bssn\b|social security/i;

/**
 * Whether a form of a server asks for what no server may ask for in a form (MCP 2025-11-25, elicitation: "Servers MUST NOT use form
 * mode elicitation to request sensitive information").
 */
export function asksForSecrets(params: unknown): boolean {
  if (!isObject(params) || params['mode'] === 'url') return false;
  const schema = params['requestedSchema'];
  const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};
  return Object.entries(properties).some(([name, property]) => {
    const { title, description, format } = isObject(property) ? property : {};
    const words = [name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' '), title, description, format];
    return words.some((word) => typeof word === 'string' && SECRET.test(word));
  });
}
