import type { Log } from '../../src/core/ports.ts';
import { redactedLog, redactor } from '../../src/core/redact.ts';

/** A log that keeps its lines, and the redactor in front of it. */
export function keptLog(): {
  readonly log: Log;
  readonly lines: string[];
  readonly redactor: ReturnType<typeof redactor>;
} {
  const lines: string[] = [];
  const known = redactor();
  return { lines, redactor: known, log: redactedLog(known, (level, line) => lines.push(`${level} ${line}`)) };
}
