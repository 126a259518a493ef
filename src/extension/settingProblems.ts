import type * as z from 'zod/mini';

/** One thing that is wrong, at a path as the settings editor shows it. */
export interface Problem {
  readonly path: string;
  readonly problem: string;
}

export type Report = (path: string, error: z.core.$ZodError | string) => void;

/** A report that keeps what it is told. */
export function reportTo(problems: Problem[]): Report {
  return (path, error) => {
    if (typeof error === 'string') problems.push({ path, problem: error });
    else for (const issue of error.issues) problems.push(problemOf(path, issue));
  };
}

/** An entry of a table by its own name; what the table does not have is reported. */
export function pick<T>(
  table: Readonly<Record<string, T>>,
  name: unknown,
  path: string,
  report: Report,
): T | undefined {
  const found = typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined;
  if (!found) report(path, `must be one of ${quoted(Object.keys(table))}`);
  return found;
}

/** Names as a sentence lists them. */
export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problemOf(path: string, issue: z.core.$ZodIssue): Problem {
  const at = [path, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys')
    return { path: `${at}.${issue.keys[0] ?? ''}`, problem: 'is not a setting here' };
  return { path: at, problem: predicate(issue) };
}

/** The library's finding as what the setting is or must be, to stand behind its path in a sentence. */
function predicate(issue: z.core.$ZodIssue): string {
  const characters = 'origin' in issue && issue.origin === 'string' ? ' characters long' : '';
  if (issue.code === 'invalid_type') {
    return issue.message.endsWith('received undefined') ? 'is missing' : `must be of type ${issue.expected}`;
  }
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}${characters}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}${characters}`;
  return issue.message;
}
