import { deviceCode } from './deviceCode.ts';
import { editorUri } from './editorUri.ts';
import type { Flow, FlowName } from './flow.ts';
import { loopback } from './loopback.ts';
import { pasteRedirect } from './pasteRedirect.ts';

/** Ways of signing in by the name that settings use. */
export const flows: Readonly<Record<FlowName, Flow>> = { loopback, editorUri, deviceCode, pasteRedirect };
