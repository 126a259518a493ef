import * as z from 'zod/mini';

import type { CredentialFields } from '../../core/credential.ts';
import { oneToken } from './common.ts';

/** A field name (RFC 9110 section 5.1). */
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}$/;
const PLACE = '{token}';

/** Fields of the connection and of the protocol itself: whoever could set them could change what a request is. */
const RESERVED =
  /^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept|accept-encoding|cookie|origin|forwarded|x-forwarded-.*|proxy-.*|mcp-.*|last-event-id)$/i;

/** Fields in which somebody else gets the token of a database: their presets ask before the first time. */
const OF_PRESETS: ReadonlyMap<string, string> = new Map([
  ['x-database-token', 'databaseGateway'],
  ['x-sf-spcs-authorization', 'spcs'],
]);
const presetOf = (name: unknown): string | undefined => OF_PRESETS.get(String(name).toLowerCase());

const fieldName = () =>
  z.string().check(
    z.regex(NAME, 'must be the name of a header field'),
    z.refine((name) => !RESERVED.test(name), 'is a header field of the connection itself'),
    z.refine((name) => presetOf(name) === undefined, {
      error: ({ input }) => `is the header field of the preset ${presetOf(input) ?? ''}, which sends it`,
    }),
  );

/** Settings for a token in a header of the user's choice. */
export const headerSettings = () => ({
  header: z._default(fieldName(), 'Authorization').check(z.describe('Header field that carries the token.')),
  template: z
    ._default(
      z
        .string()
        .check(
          z.refine(
            (text) => /^[\x20-\x7e]{1,200}$/.test(text) && text.split(PLACE).length === 2,
            `must hold ${PLACE} once, and nothing but ASCII characters`,
          ),
        ),
      `Bearer ${PLACE}`,
    )
    .check(z.describe(`Value of the header field; \`${PLACE}\` stands for the token.`)),
});

/** Further header fields without secrets. */
export const fixedHeaders = () =>
  z.optional(
    z
      .record(fieldName(), z.string().check(z.regex(/^[\x20-\x7e]{1,1000}$/, 'must have nothing but ASCII characters')))
      .check(
        z.describe('Further header fields that the server wants, without secrets: the settings are a file. By name.'),
        z.refine((fields) => !Object.keys(fields).some((name) => /^authorization$/i.test(name)), {
          error: 'must not hold Authorization: choose a token source instead',
        }),
      ),
  );

export interface HeaderSettings {
  readonly header: string;
  readonly template: string;
}

export function templated(
  { header, template }: HeaderSettings,
  fields: CredentialFields | undefined,
): Readonly<Record<string, string>> {
  if (!fields) return {};
  const [before = '', after = ''] = template.split(PLACE);
  return { [header.toLowerCase()]: before + oneToken(fields) + after };
}

/** Field names in lower case, so that none is there twice. */
export function lowerCased(fields: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
}
