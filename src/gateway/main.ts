import { connectors } from '../connectors/index.ts';
import { gatewayProcess } from './gatewayProcess.ts';
import { readOnlyGuard } from './readOnlyGuard.ts';

/** Defined by the build; absent when the source runs as it is. */
declare const DATA_PASSPORT_VERSION: string | undefined;

const version = typeof DATA_PASSPORT_VERSION === 'string' ? DATA_PASSPORT_VERSION : '0.0.0';
gatewayProcess({ version, connectors, guard: readOnlyGuard });
