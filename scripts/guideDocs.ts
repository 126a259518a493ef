import { readFileSync, writeFileSync } from 'node:fs';

import type { Guide, GuideLanguage } from '../src/guides/guide.ts';
import { guides } from '../src/guides/index.ts';
import { formatted } from './markdown.ts';
import { table } from './settingsTable.ts';

const samples = new URL('../test/data/guides/', import.meta.url);

const intro = `# Set-up texts

_Data Passport: Generate Set-up Text_ writes what the administrator of the other side of a connection needs: complete, ready to paste,
opened as an untitled document. What the administrator of the identity provider needs is another text: _Data Passport: Show What To Register_.

- **Where it comes from:** the settings of the connection, the identity provider's own metadata (issuer, address of the keys), and, where a
  token is at hand, its issuer, audience, subject and scopes and the names of its claims. No token is asked for, nobody is signed in, and no
  token or secret is ever in the text.
- **What is not known is not guessed.** It is a placeholder \`<…>\`, and a comment above it says what goes there and where to find it.
- **Read it before you run it.** Names and values are put into SQL and shell commands as names and values, whatever is in them. A network
  is opened to single addresses at most.`;

/** Language of a fenced block, and the ending of the file that holds the sample's text. */
const LANGUAGES: Readonly<Record<GuideLanguage, { readonly fence: string; readonly ending: string }>> = {
  sql: { fence: 'sql', ending: 'sql' },
  json: { fence: 'json', ending: 'json' },
  plaintext: { fence: 'text', ending: 'txt' },
  shellscript: { fence: 'sh', ending: 'sh' },
};

/** docs/set-up-texts.md, from the table in src/guides/index.ts and the tested examples. */
export function guideDocs(): Promise<string> {
  const rows = guides.map(({ label, about }) => [`[${label}](#${anchor(label)})`, about]);
  return formatted(
    [intro, table(['Text', 'For whom, and what it does'], rows), ...guides.map(section), ''].join('\n\n'),
  );
}

/** As GitHub makes it of a heading. */
function anchor(label: string): string {
  return label
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}

function section({ id, label, about, manual, language }: Guide): string {
  const { fence, ending } = LANGUAGES[language];
  const text = readFileSync(new URL(`${id}.expected.${ending}`, samples), 'utf8').trimEnd();
  return `## ${label}\n\n${about} Manual: <${manual}>\n\n\`\`\`${fence}\n${text}\n\`\`\``;
}

if (import.meta.main) writeFileSync(new URL('../docs/set-up-texts.md', import.meta.url), await guideDocs());
