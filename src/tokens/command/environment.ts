export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the editor puts into its own processes and no program of the user's is to get: NODE_OPTIONS would load code into programs
 * that are written in Node.js, ELECTRON_* (ELECTRON_RUN_AS_NODE) makes others start as Node.js, and VSCODE_* leads to the
 * editor's sockets.
 */
const ofTheEditor = /^(?:NODE_OPTIONS|ELECTRON_.*|VSCODE_.*|DATA_PASSPORT_.*)$/i;

/** The user's own environment, as a terminal outside the editor has it. */
export function environmentFor(own: Environment): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(own).filter(([name]) => !ofTheEditor.test(name)));
}
