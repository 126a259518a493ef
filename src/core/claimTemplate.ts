import type { Claims } from './jwt.ts';

/** What a template was filled with, or the one claim that is missing. */
type Filled = { readonly text: string } | { readonly missing: string };

/** Replaces each `{claim}` by that claim's text; only strings and numbers have one. */
export function fillFromClaims(template: string, claims: Claims | undefined): Filled {
  let missing: string | undefined;
  const text = template.replace(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const value = claims && Object.hasOwn(claims, name) ? claims[name] : undefined;
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value);
    missing ??= name;
    return '';
  });
  return missing === undefined ? { text } : { missing };
}
