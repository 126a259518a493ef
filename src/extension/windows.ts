import * as vscode from 'vscode';

import type { Disposable, Log } from '../core/ports.ts';
import { type Broker, createBroker } from '../identity/windows/broker.ts';
import { type Leadership, leadership, meetingPlace } from '../identity/windows/leadership.ts';

export interface Windows {
  readonly broker: Broker;
  /** Id of the machine that the extension runs on. */
  readonly machine: string;
  readonly redirects: Disposable;
}

/** Joins the windows of this user on this machine, and passes on the redirects that the editor gives to this one. */
export function joinWindows(context: vscode.ExtensionContext, log: Log): Windows {
  // Follows the machine of the extension, not the user's settings: what it names exists here alone.
  const shared = leadership(meetingPlace(context.globalStorageUri.fsPath));
  const machine = machineOf(shared);
  if (machine === undefined) log.error('The folder of the extension can not be used: this window works alone');
  const broker = createBroker({ leadership: machine === undefined ? undefined : shared, log });
  // Nobody waits for it: a sign-in that is stored is known without the others.
  broker.joined().catch(() => log.error('The other windows can not be reached'));
  const redirects = vscode.window.registerUriHandler({
    handleUri(uri) {
      if (uri.path === '/callback') broker.relay(addressOf(uri));
    },
  });
  return { broker, machine: machine ?? 'unknown', redirects };
}

/** Undefined where the folder can not be made or written. */
function machineOf(shared: Leadership): string | undefined {
  try {
    return shared.machine();
  } catch {
    return undefined;
  }
}

/**
 * On the desktop the editor has decoded the query once, on the web it has not. What neither form leaves in doubt is made safe:
 * a plus is one (a space of the provider's prose may be lost), and a lone percent sign or number sign is text.
 */
function addressOf({ scheme, authority, path, query }: vscode.Uri): string {
  const exact = query
    .replaceAll('+', '%2B')
    .replaceAll('#', '%23')
    .replaceAll(/%(?![0-9a-f]{2})/gi, '%25');
  return `${scheme}://${authority}${path}?${exact}`;
}
