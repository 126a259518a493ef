import { readFile } from 'node:fs/promises';

import { connectors } from '../connectors/index.ts';
import { gatewayProcess } from './gatewayProcess.ts';
import { readOnlyGuard } from './readOnlyGuard.ts';

/** Defined by the build; absent when the source runs as it is. */
declare const DATA_PASSPORT_VERSION: string | undefined;

const version = typeof DATA_PASSPORT_VERSION === 'string' ? DATA_PASSPORT_VERSION : '0.0.0';
/** The build puts it beside the gateway. */
const resultsPage = (): Promise<string> => readFile(new URL('results.html', import.meta.url), 'utf8');

gatewayProcess({ version, connectors, guard: readOnlyGuard, resultsPage });
