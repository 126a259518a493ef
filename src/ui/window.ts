import type * as vscode from 'vscode';

import { type CommandsDeps, followContext, registerCommands } from './commands.ts';
import { type ConfirmDeps, createConfirmUi } from './confirmConnections.ts';
import { createConnectionSecretsUi } from './connectionSecrets.ts';
import { createConnectionsView } from './connectionsView.ts';
import type { Actions } from './model.ts';
import { announceExpiry, type SecretExpiryDeps } from './secretExpiry.ts';
import { createSignInUi, type SignInUi } from './signIn.ts';
import { createStatusBar } from './statusBar.ts';
import { createTokenClaimsUi } from './tokenClaims.ts';
import { createToolReviewUi, type ToolReviewDeps } from './toolReview.ts';

export interface WindowUi extends vscode.Disposable {
  readonly signInUi: SignInUi;
}

export type WindowUiDeps = Omit<ConfirmDeps, 'actions'> &
  SecretExpiryDeps &
  Pick<ToolReviewDeps, 'toolToldBefore'> &
  Pick<CommandsDeps, 'log' | 'showLog'> & { readonly actions: Actions };

/** Everything that a window shows of us, and the commands. */
export function createWindowUi(deps: WindowUiDeps): WindowUi {
  const { overview } = deps;
  const signInUi = createSignInUi(deps);
  const secretsUi = createConnectionSecretsUi(deps);
  const confirmUi = createConfirmUi(deps);
  const claimsUi = createTokenClaimsUi();
  const toolReviewUi = createToolReviewUi(deps);
  const parts = [
    confirmUi,
    claimsUi,
    toolReviewUi,
    registerCommands({ ...deps, signInUi, secretsUi, confirmUi, claimsUi, toolReviewUi }),
    createStatusBar(overview),
    createConnectionsView(overview),
    followContext(overview),
    announceExpiry(deps),
  ];
  return {
    signInUi,
    dispose() {
      for (const part of parts) part.dispose();
    },
  };
}
