import { readFileSync, writeFileSync } from 'node:fs';

import { columns, rows } from '../test/compatibility/world.ts';
import { formatted } from './markdown.ts';

/** Cells that went through the whole test, by row and column. */
export type Outcomes = Record<string, Record<string, boolean>>;

const root = new URL('../', import.meta.url);

/** Where a run of test/compatibility/matrix.lab.test.ts leaves what came of it. */
export const resultFile = new URL('test/.artifacts/compatibility.json', root);

const markers = /<!-- compatibility -->\n\n(?:([^]*?)\n\n)?<!-- \/compatibility -->/;

/** The table of what came of it. */
export async function compatibilityTable(outcomes: Outcomes): Promise<string> {
  const head = ['', ...Object.values(columns).map(({ title }) => title)];
  const body = Object.entries(rows).map(([id, { title }]) => {
    const cells = Object.keys(columns).map((column) => (outcomes[id]?.[column] ? '✓' : 'not run'));
    return [title].concat(cells);
  });
  const table = [head, head.map(() => '---'), ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
  return (await formatted(table)).trimEnd();
}

/** The table as the README has it. */
export function readmeTable(readme: string): string | undefined {
  return markers.exec(readme)?.[1];
}

if (import.meta.main) {
  const table = await compatibilityTable(JSON.parse(readFileSync(resultFile, 'utf8')) as Outcomes);
  const file = new URL('README.md', root);
  const readme = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    readme.replace(markers, () => `<!-- compatibility -->\n\n${table}\n\n<!-- /compatibility -->`),
  );
}
