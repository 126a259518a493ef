import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import * as vscode from 'vscode';

import type { WireConnection } from '../core/link.ts';
import type { GatewayAddress } from './gatewayChild.ts';
import type { GatewayProcess } from './gatewayProcess.ts';

/** Key of the server in the editor, and what the user reads in its lists. */
const SERVER_LABEL = 'Data Passport';
const PROVIDER_ID = 'data-passport';

/** Never contacted: the real address is set at each start, because what is provided here is written to disk by the editor. */
const PLACEHOLDER = 'http://127.0.0.1/data-passport';

export interface McpServersDeps {
  /** `<publisher>.<name>` */
  readonly extensionId: string;
  readonly version: string;
  readonly gateway: GatewayProcess;
  readonly connections: () => readonly WireConnection[];
}

export interface McpServers extends vscode.Disposable {
  /** Connections changed: the editor compares, and fetches the tool list anew only if it differs. */
  changed(): void;
  /** Ends the server in the editor, so that no call is left hanging or sent twice. */
  stop(): Promise<void>;
}

/** Registers the provider of the one MCP server that serves all database connections. */
export function registerMcpServers({ extensionId, version, gateway, connections }: McpServersDeps): McpServers {
  const changes = new vscode.EventEmitter<void>();
  let placeholder = 0;

  function definition(uri: vscode.Uri, headers: Record<string, string>): vscode.McpHttpServerDefinition {
    // The version is the editor's key for its cache of the tool list: never anything of a token in it.
    const facts = connections().map(({ id, title, type }) => [id, title, type]);
    const hash = createHash('sha256')
      .update(JSON.stringify([version, facts]))
      .digest('hex')
      .slice(0, 16);
    return new vscode.McpHttpServerDefinition(SERVER_LABEL, uri, headers, hash);
  }

  const registration = vscode.lm.registerMcpServerDefinitionProvider(PROVIDER_ID, {
    onDidChangeMcpServerDefinitions: changes.event,
    provideMcpServerDefinitions: () =>
      connections().length === 0 ? [] : [definition(vscode.Uri.parse(`${PLACEHOLDER}/${placeholder}`), {})],
    async resolveMcpServerDefinition() {
      const address = await gateway.start();
      return definition(uriOf(address), { authorization: `Bearer ${address.callerKey}` });
    },
  });

  return {
    changed: () => changes.fire(),
    async stop() {
      try {
        await vscode.commands.executeCommand(
          'workbench.mcp.stopServer',
          `${extensionId.toLowerCase()}/${SERVER_LABEL}`,
        );
      } catch {
        // An editor without that command stops a server whose definition changes, half a second later.
        placeholder += 1;
        changes.fire();
        await delay(1000);
      }
    },
    dispose() {
      registration.dispose();
      changes.dispose();
    },
  };
}

/** The editor takes `unix:` and `pipe:` addresses with the HTTP path as fragment. */
function uriOf({ listen, port }: GatewayAddress): vscode.Uri {
  if (listen.kind === 'tcp') return vscode.Uri.parse(`http://127.0.0.1:${port ?? 0}/mcp`);
  return vscode.Uri.from({
    scheme: process.platform === 'win32' ? 'pipe' : 'unix',
    path: listen.path,
    fragment: '/mcp',
  });
}
