import type { Page } from 'playwright-core';

import { packageExtension } from '../../scripts/package.ts';
import { type Lab, type LabOptions, startLab } from '../lab/index.ts';
import { openWorkbench, type Workbench } from './harness/browser.ts';
import { type Driver, type EditorWindow, startDriver } from './harness/driver.ts';
import { agentOptions, type RunningEditor, startEditor } from './harness/editor.ts';
import { packTestExtension } from './harness/packages.ts';

/** The MCP server as the editor names it. */
export const serverId = 'data-passport.data-passport/Data Passport';

/** The packaged extension in a real editor, with the lab around it. */
export interface Product {
  readonly lab: Lab;
  readonly editor: RunningEditor;
  readonly workbench: Workbench;
  readonly driver: Driver;
  readonly window: EditorWindow;
  /** Signs in through the command palette and the provider's page, and closes the tab. */
  signIn(user: 'alice' | 'bob'): Promise<void>;
  /** Runs a command and the sign-in page that it opens; the tab is left open. */
  signInTab(user: 'alice' | 'bob', open: () => Promise<void>): Promise<Page>;
  close(): Promise<void>;
}

export interface ProductOptions extends LabOptions {
  readonly pictures: string;
  readonly settings?: (lab: Lab) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
  readonly trustWorkspaces?: boolean;
  /** Workspace folder to open; the caller owns it. */
  readonly folder?: string;
  readonly logLevel?: 'info' | 'debug' | 'trace';
  /** Sites that the editor opens without asking, besides those of this machine. */
  readonly trustedDomains?: readonly string[];
  /** Added to the environment of the editor. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of the browser, which then takes any certificate. */
  readonly browserArguments?: readonly string[];
}

/** Packs, installs and opens everything. Whoever starts it closes it. */
export async function startProduct({
  pictures,
  settings,
  trustWorkspaces,
  logLevel,
  folder,
  trustedDomains = [],
  env,
  browserArguments,
  ...options
}: ProductOptions): Promise<Product> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const vsix = await packageExtension();
    const driverExtension = await packTestExtension('driver');
    closers.push(() => driverExtension.remove());
    const lab = await startLab(options);
    closers.push(() => lab.close());
    const driver = await startDriver();
    closers.push(() => driver.close());
    const editor = await startEditor({
      vsix: [vsix, driverExtension.vsix],
      env: { ...driver.env, ...env },
      settings: { ...lab.settings, ...(await settings?.(lab)) },
      ...(trustWorkspaces !== undefined && { trustWorkspaces }),
      ...(logLevel !== undefined && { logLevel }),
      ...(folder !== undefined && { folder }),
      ...agentOptions,
      webOptions: { ...agentOptions.webOptions, additionalTrustedDomains: trustedDomains },
    });
    closers.push(() => editor.close());
    const workbench = await openWorkbench(editor, { pictures, ...(browserArguments && { browserArguments }) });
    closers.push(() => workbench.close());
    const window = await driver.window();

    const signInTab = async (user: 'alice' | 'bob', open: () => Promise<void>): Promise<Page> => {
      const opened = workbench.newTab();
      await open();
      const tab = await opened;
      await tab.getByRole('button', { name: user, exact: false }).first().click();
      await tab.getByText('You can close this tab').waitFor();
      return tab;
    };
    return {
      lab,
      editor,
      workbench,
      driver,
      window,
      signInTab,
      async signIn(user) {
        const tab = await signInTab(user, () => workbench.command('Data Passport: Sign In'));
        await tab.close();
        await workbench.statusBarItem(`${user}@lab.example`);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
