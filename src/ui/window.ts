import type * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import { once } from '../core/once.ts';
import { type CommandsDeps, followContext, registerCommands } from './commands.ts';
import { type ConfirmDeps, createConfirmUi } from './confirmConnections.ts';
import { createConnectionSecretsUi } from './connectionSecrets.ts';
import { createConnectionsView } from './connectionsView.ts';
import type { Actions } from './model.ts';
import { createPages } from './pages.ts';
import { connectionPicker } from './pickConnection.ts';
import { createProvidersView } from './providersView.ts';
import { announceExpiry, type SecretExpiryDeps } from './secretExpiry.ts';
import type { ImportActions, SetupActions } from './setup/model.ts';
import { offerImports } from './setup/offerImports.ts';
import { createSignInUi, type SignInUi } from './signIn.ts';
import { createStatusBar } from './statusBar.ts';
import { createTestConnectionUi } from './testConnection.ts';
import { createTokenClaimsUi } from './tokenClaims.ts';
import { createToolReviewUi, type ToolReviewDeps } from './toolReview.ts';

export interface WindowUi extends vscode.Disposable {
  readonly signInUi: SignInUi;
}

export type WindowUiDeps = Omit<ConfirmDeps, 'actions'> &
  SecretExpiryDeps &
  Pick<ToolReviewDeps, 'toolToldBefore'> &
  Pick<CommandsDeps, 'log' | 'showLog'> & {
    readonly actions: Actions;
    readonly setup: SetupActions;
    /** Loaded with its first use. */
    readonly imports: () => Promise<ImportActions>;
  };

/** Everything that a window shows of us, and the commands. */
export function createWindowUi(deps: WindowUiDeps): WindowUi {
  const { overview, imports } = deps;
  const signInUi = createSignInUi(deps);
  const secretsUi = createConnectionSecretsUi(deps);
  const confirmUi = createConfirmUi(deps);
  const claimsUi = createTokenClaimsUi();
  const pages = createPages();
  const toolReviewUi = createToolReviewUi(deps);
  const testUi = createTestConnectionUi({ ...deps, signInUi, secretsUi, confirmUi });
  const pickConnection = connectionPicker(overview);
  const entries = once(async () => {
    const { createEntryCommands } = await import('./entryCommands.ts');
    return createEntryCommands({ ...deps, pickConnection, testUi });
  });
  const setupUi = once(async () => {
    const { createSetupUi } = await import('./setup/setupUi.ts');
    return createSetupUi({ ...deps, signInUi, testUi });
  });
  const importUi = once(async () => {
    const { createImportUi } = await import('./setup/importUi.ts');
    return createImportUi({
      ...deps,
      imports: await imports(),
      addProvider: async () => (await setupUi()).makeProvider(),
      show: pages.show,
    });
  });
  const doctorUi = once(async () => {
    const { createDoctorUi } = await import('./doctor.ts');
    return createDoctorUi({ ...deps, show: pages.show });
  });
  const guidesUi = once(async () => {
    const { createGuidesUi } = await import('./guides.ts');
    return createGuidesUi({ ...deps, pickConnection });
  });
  const offer = (): void => {
    void offerImports(deps).catch((error: unknown) =>
      deps.log.warn('Files of other programs could not be looked for', { error: asPassportError(error).code }),
    );
  };
  const parts = [
    confirmUi,
    claimsUi,
    pages,
    toolReviewUi,
    registerCommands({
      ...deps,
      signInUi,
      secretsUi,
      confirmUi,
      claimsUi,
      toolReviewUi,
      testUi,
      entries,
      setupUi,
      importUi,
      doctorUi,
      guidesUi,
      pickConnection,
    }),
    createStatusBar(overview),
    createConnectionsView(overview, offer),
    createProvidersView(overview),
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
