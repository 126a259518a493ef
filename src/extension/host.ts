import * as vscode from 'vscode';

import type { Browser, Clock, Fetch, Log, LogLevel, Secrets } from '../core/ports.ts';
import { redactedLog, type Redactor } from '../core/redact.ts';

/** The editor's things as the ports of core/ports.ts. */

export function secretsOf(storage: vscode.SecretStorage): Secrets {
  return {
    get: async (key) => storage.get(key),
    store: async (key, value) => storage.store(key, value),
    delete: async (key) => storage.delete(key),
    onDidChange: (listener) => storage.onDidChange(({ key }) => listener(key)),
  };
}

export const browser: Browser = {
  // Only ever given pages of our own on loopback: whatever follows is our redirect, not the editor's encoding.
  open: async (url) => vscode.env.openExternal(vscode.Uri.parse(url, true)),
};

export const clock: Clock = { now: () => Date.now() };

/** The extension host's own fetch knows the proxy and certificate settings. Redirects never carry a credential on. */
export const fetchWithoutRedirects: Fetch = (url, init) => fetch(url, { ...init, redirect: 'manual' });

export function logOf(channel: vscode.LogOutputChannel, redactor: Redactor): Log {
  return redactedLog(redactor, (level: LogLevel, line) => channel[level](line));
}
