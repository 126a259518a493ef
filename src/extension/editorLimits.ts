import * as vscode from 'vscode';

import { PassportError } from '../core/errors.ts';

/** Settings (or policies behind them) with which the editor offers no tools of extensions, and the value that does it. */
const SWITCHES: readonly (readonly [name: string, off: unknown])[] = [
  ['chat.disableAIFeatures', true],
  ['chat.agent.enabled', false],
  ['chat.mcp.access', 'none'],
];

/** Why agents can not use us here, or undefined. A setting that this editor does not have is no obstacle. */
export function editorObstacle(): PassportError | undefined {
  const found = SWITCHES.find(([name, off]) => vscode.workspace.getConfiguration().get(name) === off);
  return found && new PassportError('DP-MCP-OFF', { setting: found[0] });
}

export const obstacleSettings: readonly string[] = SWITCHES.map(([name]) => name);
