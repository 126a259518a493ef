import * as vscode from 'vscode';

import { messages } from './messages.ts';
import type { ConnectionView } from './model.ts';

/** One line under a connection. */
export interface ConnectionDetail {
  readonly connection: ConnectionView;
  readonly key: string;
  readonly label: string;
  readonly icon: string;
  /** Runs with the connection when the line is chosen. */
  readonly command?: string | undefined;
}

/** What is known of a connection, a line each: whom it runs as, role, token, last use, whether agents use it. */
export function detailsOf(connection: ConnectionView): readonly ConnectionDetail[] {
  const { identity, account, wantedAccount, role, expiresAt, lastUsed, agents, choices, error } = connection;
  const text = messages.detail;
  const who = identity?.user ?? account ?? wantedAccount;
  const lines: (Omit<ConnectionDetail, 'connection'> | undefined)[] = [
    who === undefined ? undefined : { key: 'user', label: text.runsAs(who), icon: 'account' },
    role === undefined && choices.length === 0
      ? undefined
      : {
          key: 'role',
          label: role === undefined ? text.usualRole() : text.role(role),
          icon: 'shield',
          ...(choices.length > 0 && { command: 'dataPassport.chooseContext' }),
        },
    expiresAt && { key: 'token', label: text.token(time(expiresAt)), icon: 'key' },
    lastUsed && { key: 'used', label: messages.lastUsed(time(lastUsed)), icon: 'history' },
    {
      key: 'agents',
      label: agents ? text.agents() : text.noAgents(),
      icon: agents ? 'sparkle' : 'circle-slash',
      command: 'dataPassport.chooseAgents',
    },
    error && {
      key: 'error',
      label: text.diagnose(error.code),
      icon: 'pulse',
      command: 'dataPassport.diagnoseConnection',
    },
  ];
  return lines.flatMap((line) => (line ? [{ connection, ...line }] : []));
}

export function detailItem({ connection, key, label, icon, command }: ConnectionDetail): vscode.TreeItem {
  const item = new vscode.TreeItem(label);
  item.id = `${connection.id} ${key}`;
  item.iconPath = new vscode.ThemeIcon(icon);
  item.contextValue = 'detail';
  if (command !== undefined) item.command = { command, title: label, arguments: [connection] };
  return item;
}

const time = (date: Date): string => date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
