import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  chromium,
  errors,
  type Browser,
  type BrowserContext,
  type FrameLocator,
  type Locator,
  type Page,
} from 'playwright-core';

import { ensureChromium } from '../../../scripts/tools/chromium.ts';

export const artifacts = fileURLToPath(new URL('../../.artifacts/editor', import.meta.url));

export interface WorkbenchOptions {
  /** Records a video of every tab into the artifacts folder. */
  readonly video?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Subfolder of the artifacts folder for this test file's pictures. */
  readonly pictures?: string;
  /** Further arguments of a new browser, which then takes any certificate. */
  readonly browserArguments?: readonly string[];
  /** Opens a further window in the same browser profile instead of a new browser. */
  readonly beside?: Workbench;
  /** Called with the page before anything is loaded into it. */
  readonly prepare?: (page: Page) => Promise<void>;
}

export interface Workbench {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Runs a command through the command palette, by the title that is seen there. */
  command(title: string): Promise<void>;
  /** Chooses an entry of the open quick pick. */
  quickPick(text: string | RegExp): Promise<void>;
  /** Types into the open input box and confirms. */
  quickInput(text: string): Promise<void>;
  /** Writes `<nn>-<name>.png` and returns its path. */
  screenshot(name: string): Promise<string>;
  /** The status bar item with this text, once it is visible. */
  statusBarItem(text: string | RegExp): Promise<Locator>;
  /** The notification with this text, once it is visible. */
  notification(text: string | RegExp): Promise<Locator>;
  clickNotificationButton(text: string | RegExp, button: string): Promise<void>;
  /** Clicks a button of the modal dialog with this text. */
  clickDialogButton(text: string | RegExp, button: string): Promise<void>;
  /** The next tab that is opened; call it before the action that opens it. */
  newTab(): Promise<Page>;
  /** Opens the Accounts menu, again until it has this entry, and returns it. */
  openAccountsMenu(entry: string): Promise<Locator>;
  /** The latest answer in the chat that holds this text, once it is there. */
  chatAnswer(text: string | RegExp): Promise<Locator>;
  /** A button of a card in the chat (sign-in, confirmation), once it is there. */
  chatButton(text: string | RegExp): Promise<Locator>;
  /** What a webview (the front one, where there are several) shows. */
  webview(): FrameLocator;
  close(): Promise<void>;
}

let pictureNumber = 0;

/** Opens the editor in a fresh headless Chromium and waits until it can be used. The caller closes it. */
export async function openWorkbench(
  editor: { readonly url: string },
  options: WorkbenchOptions = {},
): Promise<Workbench> {
  const viewport = options.viewport ?? { width: 1400, height: 900 };
  const pictures = join(artifacts, options.pictures ?? '');
  await mkdir(pictures, { recursive: true });
  const browser = options.beside ? undefined : await launchBrowser(options.browserArguments);
  const context =
    options.beside?.context ??
    (await (browser as Browser).newContext({
      viewport,
      deviceScaleFactor: 1,
      reducedMotion: 'reduce',
      ignoreHTTPSErrors: options.browserArguments !== undefined,
      ...(options.video && { recordVideo: { dir: pictures, size: viewport } }),
    }));
  // Two editors may share a small machine.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  await options.prepare?.(page);
  await page.goto(editor.url);
  await page.locator('.monaco-workbench .part.statusbar .statusbar-item').first().waitFor();
  // The remote indicator turns from "Opening Remote…" to its icon when the extension host is connected.
  await page.locator('.statusbar-item', { hasText: /Opening Remote/ }).waitFor({ state: 'hidden' });

  const quick = page.locator('.quick-input-widget:visible');
  const row = (text: string | RegExp): Locator => quick.locator('.monaco-list-row', { hasText: text }).first();
  const visible = async (locator: Locator): Promise<Locator> => {
    await locator.waitFor();
    return locator;
  };
  const notification = (text: string | RegExp): Promise<Locator> =>
    visible(page.locator('.notifications-toasts .notification-list-item', { hasText: text }).first());

  return {
    page,
    context,
    async command(title) {
      // Exactly this one: typing "Sign In" also finds "Sign In with Device Code".
      const label = quick.locator('.monaco-list-row .label-name').getByText(title, { exact: true });
      for (let left = 4; ; left -= 1) {
        await page.keyboard.press('F1');
        try {
          await quick.locator('.quick-input-box input').fill(`>${title}`, { timeout: 5000 });
          await label.first().click({ timeout: 5000 });
          return;
        } catch (error) {
          // Whatever else takes the focus closes the palette; a person would open it again.
          if (left === 0 || !(error instanceof errors.TimeoutError)) throw error;
        }
      }
    },
    quickPick: (text) => row(text).click(),
    async quickInput(text) {
      await quick.locator('.quick-input-box input').fill(text);
      await page.keyboard.press('Enter');
    },
    async screenshot(name) {
      pictureNumber += 1;
      const path = join(pictures, `${String(pictureNumber).padStart(2, '0')}-${name}.png`);
      await page.screenshot({ path, animations: 'disabled' });
      return path;
    },
    statusBarItem: (text) => visible(page.locator('.statusbar-item', { hasText: text }).first()),
    notification,
    async clickNotificationButton(text, button) {
      const toast = await notification(text);
      await toast.hover();
      await toast.locator('.monaco-button', { hasText: button }).first().click();
    },
    async clickDialogButton(text, button) {
      const dialog = page.locator('.monaco-dialog-box', { hasText: text });
      await dialog.locator('.monaco-button', { hasText: button }).first().click();
    },
    newTab: () => context.waitForEvent('page'),
    async openAccountsMenu(entry) {
      const menu = page.locator('.monaco-menu').first();
      for (let left = 4; ; left -= 1) {
        await page
          .locator('.activitybar')
          .getByRole('button', { name: /^Accounts/ })
          .click();
        try {
          await menu.getByText(entry).first().waitFor({ timeout: 5000 });
          return menu;
        } catch (error) {
          // An open menu keeps the entries that it was opened with, and takes every click meant for something else.
          await page.keyboard.press('Escape');
          if (left === 0 || !(error instanceof errors.TimeoutError)) throw error;
        }
      }
    },
    chatAnswer: (text) => visible(page.locator('.interactive-response', { hasText: text }).last()),
    chatButton: (text) =>
      visible(page.locator('.interactive-session .monaco-button:visible', { hasText: text }).last()),
    webview: () => page.frameLocator('iframe.webview.ready').last().frameLocator('#active-frame'),
    async close() {
      await (browser ? browser.close() : page.close());
    },
  };
}

/** Chromium without a window and without its own errands in the network. */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: await ensureChromium(),
    headless: true,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
}
