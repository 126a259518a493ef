import { parentPort, workerData } from 'node:worker_threads';

import { leadership } from '../../../src/identity/windows/leadership.ts';

/** A thread that takes the first term the moment that the gate opens, and tells what it got. */
const { folder, gate, address } = workerData as { folder: string; gate: SharedArrayBuffer; address: string };
const here = leadership(folder);
parentPort?.postMessage('ready');
Atomics.wait(new Int32Array(gate), 0, 0);
parentPort?.postMessage(here.take(undefined, address));
