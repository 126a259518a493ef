import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import type { Browser, Frame, Page } from 'playwright-core';

import { resultsPage } from '../../scripts/results.ts';
import { launchBrowser } from '../editor/harness/browser.ts';
import type { TestHost } from './host/host.ts';
import { themes, type ThemeName } from './themes.ts';

export const pictures = fileURLToPath(new URL('../.artifacts/results', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What VS Code puts before a page, and the sandbox and permissions of the frame that it is in. */
const policy =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self' data:; frame-src 'none'; object-src 'none'; base-uri 'self';";
const sandbox = 'allow-same-origin allow-pointer-lock allow-scripts allow-downloads allow-forms';

/** The page in the frame of a small editor, in a real browser. */
export interface Ground {
  readonly page: Page;
  readonly browser: Browser;
  /** Address of the server, for what is shown beside the page. */
  readonly origin: string;
  /** What the frame complained about: errors, refusals of the policy, requests. */
  readonly complaints: readonly string[];
  /** Opens a fresh page. @returns its frame */
  open(options?: { theme?: ThemeName; width?: number; locale?: string }): Promise<Frame>;
  /** Calls the host. */
  host<Name extends keyof TestHost>(
    name: Name,
    ...args: Parameters<TestHost[Name]>
  ): Promise<Awaited<ReturnType<TestHost[Name]>>>;
  /** Rules that the frame breaks, with the elements that do. */
  violations(): Promise<readonly string[]>;
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface GroundOptions {
  readonly browserArguments?: readonly string[];
  /** HTML to be served beside the page, by path. */
  readonly pages?: Readonly<Record<string, string>>;
}

export async function startGround({ browserArguments = [], pages: more = {} }: GroundOptions = {}): Promise<Ground> {
  const [html, script] = [await resultsPage('0.0.0'), await hostScript()];
  const injected = html.replace('<head>', `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`);
  const frame = `<iframe title="app" sandbox="${sandbox}" allow="clipboard-read; clipboard-write;"></iframe>`;
  const pages: Readonly<Record<string, string>> = {
    '/': `<!doctype html><html lang="en"><title>host</title><body>${frame}<script src="/host.js"></script></body></html>`,
    '/page': injected,
    '/host.js': script,
    ...more,
  };
  const server = createServer(({ url = '' }, response) => {
    const body = pages[url];
    const type = url.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await mkdir(pictures, { recursive: true });
  const browser = await launchBrowser(browserArguments);
  const context = await browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith('favicon.ico')) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (!(asked.pathname in pages) && asked.pathname !== '/favicon.ico') complaints.push(`asked for ${request.url()}`);
  });
  const frameOf = (): Frame => {
    const found = page.frames().find((each) => each.url().endsWith('/page'));
    if (!found) throw new Error('The frame has no page.');
    return found;
  };
  const host: Ground['host'] = (name, ...args) =>
    page.evaluate(`window.testHost[${JSON.stringify(name)}](...${JSON.stringify(args)})`);

  return {
    page,
    browser,
    origin,
    complaints,
    host,
    async open({ theme = 'dark', width = 560, locale = 'en' } = {}) {
      const { colorScheme, forcedColors, variables, background, hostTheme } = themes[theme];
      await page.setViewportSize({ width: width + 24, height: 640 });
      await page.emulateMedia({ colorScheme, forcedColors });
      await page.goto(origin);
      await page.evaluate(
        `document.body.style.cssText = ${JSON.stringify(`margin:12px;background:${background}`)};
         document.querySelector('iframe').style.cssText = 'display:block;width:${width}px;height:300px;border:0'`,
      );
      await host('open', {
        theme: hostTheme,
        locale,
        styles: { variables: variables as never },
        containerDimensions: { width, maxHeight: 600 },
        displayMode: 'inline',
      });
      return frameOf();
    },
    async violations() {
      const target = frameOf();
      await target.evaluate(`${axe};0`);
      const found: readonly { id: string; nodes: readonly { html: string; failureSummary: string }[] }[] =
        await target.evaluate(
          'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
        );
      return found.map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`,
      );
    },
    async picture(name) {
      await page.screenshot({ path: `${pictures}/${name}.png`, animations: 'disabled' });
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function hostScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('host/host.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
