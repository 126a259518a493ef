import * as vscode from 'vscode';

import { isLoopback } from '../core/connection.ts';
import { type Browser, type Fetch, type Log, type LogLevel, type Secrets, steadyClock } from '../core/ports.ts';
import { redactedLog, type Redactor } from '../core/redact.ts';
import type { FlowHost, Place } from '../identity/flows/flow.ts';
import { translated } from '../ui/localize.ts';

/** The editor's things as the ports of core/ports.ts. */

export function secretsOf(storage: vscode.SecretStorage): Secrets {
  return {
    // In a browser every tab has a copy of its own, and the last one that writes wins.
    shared: vscode.env.uiKind === vscode.UIKind.Desktop,
    get: async (key) => storage.get(key),
    store: async (key, value) => storage.store(key, value),
    delete: async (key) => storage.delete(key),
    keys: async () => storage.keys(),
  };
}

export const browser: Browser = {
  async open(url) {
    // Only https, and http on this machine: whatever a provider's metadata says, nothing else is handed to the system.
    const { protocol, hostname } = new URL(url);
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) return false;
    // As text: a Uri changes percent-encoding (%26 becomes &), and the editor takes text as it is, if not by its typings.
    return vscode.env.openExternal(url as unknown as vscode.Uri);
  },
};

export const clock = steadyClock(Date.now, () => performance.now());

/** Where the extension runs, and the address that brings a browser back into the editor. */
export function flowHostOf(extension: vscode.Extension<unknown>): FlowHost {
  const place = placeOf(extension);
  return {
    place,
    translated,
    language: vscode.env.language,
    async editorUri() {
      const own = vscode.Uri.from({ scheme: vscode.env.uriScheme, authority: extension.id, path: '/callback' });
      // On the web the editor's own page passes it on; on the desktop the bare address is the one that can be registered.
      return place === 'web' ? (await vscode.env.asExternalUri(own)).toString(true) : own.toString(true);
    },
  };
}

function placeOf({ extensionKind }: vscode.Extension<unknown>): Place {
  if (vscode.env.uiKind === vscode.UIKind.Web) return 'web';
  return extensionKind === vscode.ExtensionKind.UI || vscode.env.remoteName === undefined ? 'desktop' : 'remote';
}

/** The extension host's own fetch knows the proxy and certificate settings. Redirects never carry a credential on. */
export const fetchWithoutRedirects: Fetch = (url, init) => fetch(url, { ...init, redirect: 'manual' });

export function logOf(channel: vscode.LogOutputChannel, redactor: Redactor): Log {
  return redactedLog(redactor, (level: LogLevel, line) => channel[level](line));
}
