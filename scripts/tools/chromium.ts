import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

import { run } from './run.ts';

/**
 * Finds a Chromium, Chrome or Edge, and brings one when there is none: Debian's package where this process may install
 * it, Playwright's own download elsewhere. `CHROME_PATH` decides when it is set.
 *
 * @returns path of the executable
 * @throws Error when none is found and none can be brought
 */
export async function ensureChromium(): Promise<string> {
  const chosen = process.env['CHROME_PATH'];
  if (chosen) {
    if (existsSync(chosen)) return chosen;
    throw new Error(`CHROME_PATH names ${chosen}, which does not exist.`);
  }
  const installed = installedBrowser();
  if (installed) return installed;

  const failures: string[] = [];
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    console.log('> installing Chromium (apt-get install chromium)');
    try {
      await run('apt-get', ['update', '-q']);
      await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-liberation'], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
      const found = installedBrowser();
      if (found) return found;
      failures.push('apt-get installed the package, but no executable was found');
    } catch (error) {
      failures.push((error as Error).message);
    }
  }

  console.log('> downloading Chromium (playwright-core install chromium)');
  const { chromium } = await import('playwright-core');
  const cli = join(createRequire(import.meta.url).resolve('playwright-core/package.json'), '..', 'cli.js');
  try {
    await run(process.execPath, [cli, 'install', 'chromium']);
    const downloaded = chromium.executablePath();
    if (existsSync(downloaded)) return downloaded;
    failures.push(`Playwright left nothing at ${downloaded}`);
  } catch (error) {
    failures.push((error as Error).message);
  }
  throw new Error(
    `There is no Chromium here, and none could be brought. Install one, or set CHROME_PATH.\n${failures.join('\n')}`,
  );
}

const pathNames = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'microsoft-edge',
  'microsoft-edge-stable',
];

function installedBrowser(): string | undefined {
  const named = pathNames.map(onPath).find((path) => path !== undefined);
  return named ?? wellKnownPlaces().find((path) => existsSync(path));
}

function wellKnownPlaces(): string[] {
  if (process.platform === 'darwin') {
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (process.platform === 'win32') {
    return ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((variable) => {
      const folder = process.env[variable];
      if (!folder) return [];
      return [
        join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
        join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
      ];
    });
  }
  return ['/opt/google/chrome/chrome', '/snap/bin/chromium'];
}

function onPath(name: string): string | undefined {
  if (process.platform === 'win32') return undefined;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
