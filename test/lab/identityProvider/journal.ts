import type { KoaContextWithOIDC } from 'oidc-provider';

/** One request, without any token, code or state value. */
export interface ProviderRequest {
  readonly method: string;
  readonly path: string;
  readonly grantType?: string;
  readonly clientId?: string;
  readonly resource?: string | readonly string[];
  /** Where audiences are asked for by this parameter. */
  readonly audience?: string;
  readonly scope?: string;
  /** Absent while it has no answer. */
  status?: number;
}

export type SecretKind = 'accessToken' | 'refreshToken' | 'idToken' | 'code' | 'deviceCode';

/** Something that the provider gave out and that must turn up nowhere it does not belong. */
export interface IssuedSecret {
  readonly kind: SecretKind;
  readonly value: string;
}

export interface Journal {
  readonly requests: ProviderRequest[];
  readonly issued: IssuedSecret[];
  /** Fills in what the provider understood of a request, and keeps what it answered with. */
  record(entry: ProviderRequest, context: KoaContextWithOIDC): void;
  /** The same for a request that the provider never saw: what its form says. */
  recordForm(entry: ProviderRequest, form: URLSearchParams): void;
}

const secretFields: Readonly<Record<string, SecretKind>> = {
  access_token: 'accessToken',
  refresh_token: 'refreshToken',
  id_token: 'idToken',
  device_code: 'deviceCode',
};

export function createJournal(): Journal {
  const requests: ProviderRequest[] = [];
  const issued: IssuedSecret[] = [];

  function keep(kind: SecretKind, value: unknown): void {
    if (typeof value === 'string' && !issued.some((each) => each.value === value)) issued.push({ kind, value });
  }

  function note(entry: ProviderRequest, asked: Readonly<Record<string, unknown>>): void {
    const { client_id: clientId, grant_type: grantType, scope, resource, audience } = asked;
    Object.assign(entry, {
      ...(typeof clientId === 'string' ? { clientId } : {}),
      ...(typeof grantType === 'string' ? { grantType } : {}),
      ...(typeof scope === 'string' ? { scope } : {}),
      ...(typeof audience === 'string' ? { audience } : {}),
      ...(typeof resource === 'string' || Array.isArray(resource) ? { resource } : {}),
    });
  }

  return {
    requests,
    issued,
    recordForm(entry, form) {
      note(entry, Object.fromEntries(form));
    },
    record(entry, context) {
      const audience = context.oidc?.body?.['audience'];
      note(entry, { ...(typeof audience === 'string' && { audience }), ...context.oidc?.params });
      const body: unknown = context.body;
      if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) {
        for (const [field, kind] of Object.entries(secretFields)) keep(kind, Reflect.get(body, field));
      }
      const location = context.response.get('location');
      if (URL.canParse(location)) keep('code', new URL(location).searchParams.get('code') ?? undefined);
    },
  };
}
