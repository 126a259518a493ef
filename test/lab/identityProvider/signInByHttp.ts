import type { LabIdentityProvider } from '../identityProvider.ts';
import type { LabUserName } from '../sampleData.ts';

const mostSteps = 12;

/**
 * Signs in as a browser would, with neither browser nor script.
 *
 * @param cookies Pass the same map again for a second sign-in in the same browser.
 * @returns The redirect to the client with its code or error, not followed.
 * @throws When the pages end anywhere else, for example on the provider's error page.
 */
export async function signInByHttp(
  idp: Pick<LabIdentityProvider, 'issuer'>,
  authorizeUrl: string | URL,
  user: LabUserName,
  cookies: Map<string, string> = new Map(),
): Promise<URL> {
  const end = await follow({ issuer: idp.issuer, cookies, user }, new URL(authorizeUrl));
  if (end.redirect === undefined) throw new Error(`The sign-in ended on a page: ${titleOf(end.page)}`);
  return end.redirect;
}

/**
 * Confirms a device code as this user, from the address in `verification_uri_complete`.
 *
 * @throws When the provider does not end on its success page.
 */
export async function confirmDeviceByHttp(
  idp: Pick<LabIdentityProvider, 'issuer'>,
  verificationUriComplete: string | URL,
  user: LabUserName,
): Promise<void> {
  const end = await follow({ issuer: idp.issuer, cookies: new Map(), user }, new URL(verificationUriComplete));
  if (!titleOf(end.page).startsWith('Device connected')) {
    throw new Error(`The device was not connected: ${titleOf(end.page)}`);
  }
}

interface End {
  readonly redirect?: URL;
  readonly page: string;
}

interface Visitor {
  readonly issuer: string;
  readonly cookies: Map<string, string>;
  readonly user: LabUserName;
}

async function follow({ issuer, cookies, user }: Visitor, start: URL): Promise<End> {
  let url = start;
  let body: URLSearchParams | undefined;
  for (let step = 0; step < mostSteps; step += 1) {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), accept: 'text/html' },
      ...(body === undefined ? {} : { body }),
    });
    remember(cookies, response);
    const page = await response.text();
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url);
      body = undefined;
      if (url.origin !== new URL(issuer).origin) return { redirect: url, page };
      continue;
    }
    if (!response.ok || !page.includes('<form')) return { page };
    const action = / action="([^"]*)"/u.exec(page)?.[1];
    if (action !== undefined) url = new URL(action, url);
    body = new URLSearchParams({
      ...hiddenFields(page),
      ...(page.includes('name="user"') ? { user } : {}),
      ...(page.includes('name="consent"') ? { consent: 'yes' } : {}),
    });
  }
  throw new Error(`No end after ${mostSteps} pages`);
}

function remember(cookies: Map<string, string>, response: Response): void {
  for (const cookie of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/u.exec(cookie) ?? [];
    if (name === undefined || value === undefined) continue;
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
}

function hiddenFields(page: string): Record<string, string> {
  return Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/gu)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}

function titleOf(page: string): string {
  return /<title>([^<]*)/u.exec(page)?.[1] ?? 'no title';
}
