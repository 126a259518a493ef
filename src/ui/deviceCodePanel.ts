import { randomBytes } from 'node:crypto';

import * as vscode from 'vscode';

import type { Disposable } from '../core/ports.ts';
import { deviceCodePage, type FromPage, type ToPage } from './deviceCodePage.ts';
import { messages } from './messages.ts';

export interface DeviceCodeRequest {
  /** Its name for the user. */
  readonly provider: string;
  readonly code: {
    readonly userCode: string;
    readonly verificationUri: string;
    readonly verificationUriComplete?: string | undefined;
    readonly expiresAt: Date;
  };
  readonly browser: { open(url: string): Promise<boolean> };
  /** The user pressed Cancel or closed the panel. Called at most once, and not after `dispose`. */
  readonly onCancel: () => void;
}

/** Shows a device code until it is disposed of, which whoever runs the sign-in does when it ends, one way or another. */
export function showDeviceCode({ provider, code, browser, onCancel }: DeviceCodeRequest): Disposable {
  const said = messages.deviceCode;
  const target = code.verificationUriComplete ?? code.verificationUri;
  const title = said.title(provider);
  const panel = vscode.window.createWebviewPanel('dataPassport.deviceCode', title, vscode.ViewColumn.Active, {
    enableScripts: true,
    localResourceRoots: [],
  });
  let ended = false;
  let expiryTold = false;

  function tell(message: ToPage): void {
    void panel.webview.postMessage(message);
  }

  function tick(): void {
    if (!panel.visible) return;
    const seconds = Math.ceil((code.expiresAt.getTime() - Date.now()) / 1000);
    if (seconds > 0) return tell({ left: said.left(Math.floor(seconds / 60), seconds % 60) });
    // Once: a reader says it aloud.
    if (!expiryTold) tell({ left: '', note: said.expired(), over: true });
    expiryTold = true;
  }

  async function copyAndOpen(): Promise<void> {
    const copied = await vscode.env.clipboard.writeText(code.userCode).then(
      () => true,
      () => false,
    );
    const opened = await browser.open(target).catch(() => false);
    const note = [copied ? said.copied() : '', opened ? '' : said.noBrowser()].join(' ').trim();
    if (!ended) tell({ note });
  }

  const answers: Record<FromPage, () => void> = {
    ready() {
      expiryTold = false;
      tick();
    },
    open: () => void copyAndOpen(),
    cancel() {
      panel.dispose();
    },
  };
  const ticking = setInterval(tick, 1000);
  panel.onDidDispose(() => {
    clearInterval(ticking);
    const byUser = !ended;
    ended = true;
    if (byUser) onCancel();
  });
  panel.webview.onDidReceiveMessage((word: FromPage) => answers[word]());
  panel.webview.html = deviceCodePage({
    language: vscode.env.language,
    nonce: randomBytes(16).toString('base64'),
    title,
    intro: said.intro(),
    codeLabel: said.code(),
    code: code.userCode,
    addressLabel: said.address(),
    address: code.verificationUri,
    scan: said.scan(),
    qrAddress: target,
    qrLabel: said.qrCode(target),
    open: said.open(),
    cancel: said.cancel(),
    caution: said.caution(),
  });

  return {
    dispose() {
      ended = true;
      panel.dispose();
    },
  };
}
