import { writeFileSync } from 'node:fs';

import { ERRORS, type Mender } from '../src/core/errorTable.ts';

const whoMends: Record<Mender, string> = {
  agent: 'The agent, by calling differently',
  user: 'You',
  administrator: 'An administrator',
  nobody: 'Nobody: it passes, or it is a fault of ours',
};

/** docs/errors.md, from the table in src/core/errors.ts. */
export function errorDocs(): string {
  const sections = Object.entries(ERRORS).map(
    ([code, { sentence, cause, fix, who, retry }]) =>
      `## ${code}\n\n${sentence.replace(/\{(\w+)\}/g, '*$1*')}\n\n- **Cause:** ${plain(cause)}\n- **Fix:** ${plain(fix)}\n- **Who can mend it:** ${whoMends[who]}${retry ? '. Trying again may help.' : '.'}\n`,
  );
  return `# Errors\n\nEvery error that Data Passport shows has a code. Words in italics stand for what the message names.\n\n${sections.join('\n')}`;
}

function plain(text: string): string {
  return text.replace(/\{(\w+)\}/g, '*$1*');
}

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), errorDocs());
