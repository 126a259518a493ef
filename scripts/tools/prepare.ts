import { ensureCodeServer } from './codeServer.ts';

/** Brings what the editor tests need, ahead of them. What fails here is tried again, and told, when it is needed. */
await ensureCodeServer().catch(() => undefined);
