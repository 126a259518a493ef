import {
  type Connection,
  failureText,
  heading,
  type Identity,
  identityLine,
  plain,
  type QueryAnswer,
  queryText,
  said,
  table,
  type ToolFailure,
} from './answers.ts';
import { connectionsIn, type Wish, wishOf } from './wish.ts';

/** One of Data Passport's tools, by its own name (`query`), and what to pass. */
export interface ToolCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a person wrote, what has been called for it, and which of our tools are there. */
export interface Turn {
  readonly message: string;
  /** What the tools returned to the calls so far, in the order of the calls. */
  readonly results: readonly string[];
  readonly tools: ReadonlySet<string>;
}

export type Step = { readonly call: ToolCall; readonly text: string } | { readonly text: string };

type Plan = Generator<ToolCall & { readonly saying?: string }, string, string>;

export const helpText = `I am a small set of rules, not an AI: I stand in for a language model so that you can try Data Passport without an account. These I understand:

- Which orders can I see?
- Show the customers
- Who am I?
- Which tables are there?
- any SQL statement, such as \`SELECT count(*) FROM coffee.orders\`, and with \`on warehouse\` behind it for one connection
- a statement that must not run, such as \`DELETE FROM coffee.orders\``;

/**
 * The next thing to do in a turn: a tool call, or the answer. The rules are played from the start each time and fed what is
 * known, so nothing is kept between requests.
 */
export function nextStep({ message, results, tools }: Turn): Step {
  if (!tools.has('list_connections') && !tools.has('query')) {
    return {
      text: 'No tool of Data Passport is on offer here. Choose **Agent** below, and look whether the MCP server *Data Passport* is running.',
    };
  }
  const plan = planFor(message);
  let step = plan.next();
  for (const result of results) {
    if (step.done === true) break;
    step = plan.next(result);
  }
  if (step.done === true) return { text: step.value };
  const { saying = '', ...call } = step.value;
  return { call, text: saying };
}

function* planFor(message: string): Plan {
  if (wishOf(message).kind === 'unknown') return helpText;
  const listed = said<{ connections: readonly Connection[] }>(
    yield { tool: 'list_connections', input: {}, saying: 'Let me see which connections there are.\n\n' },
  );
  if (!listed.ok) return failureText(listed.failure);
  const { connections } = listed.result;
  if (connections.length === 0) return 'There is no connection yet. Add one in the settings of Data Passport.';
  const ids = connections.map(({ id }) => id);
  const named = connectionsIn(message, ids);
  const chosen = connections.filter(({ id }) => named.length === 0 || named.includes(id));
  const wish = wishOf(message, ids);
  const sections = [title(wish)];
  const users = new Set<string>();
  for (const connection of chosen) {
    const section = yield* sectionFor(wish, connection);
    if (section.user !== undefined) users.add(section.user.toLowerCase());
    sections.push(`${heading(connection)}\n\n${section.text}`);
    // The same sign-in serves the others: asking once more would only ask the person once more.
    if (section.failure?.whoCanFix === 'user') break;
  }
  if (wish.kind !== 'identity' && users.size > 0) sections.push(closing([...users]));
  return sections.filter(Boolean).join('\n\n');
}

interface Section {
  readonly text: string;
  readonly user?: string;
  readonly failure?: ToolFailure;
}

function* sectionFor(wish: Wish, { id }: Connection): Generator<ToolCall, Section, string> {
  if (wish.kind === 'identity') return yield* identityOf(id);
  if (wish.kind === 'statement') return yield* rowsOf(id, wish.sql);
  if (wish.kind === 'topic') return yield* rowsOf(id, wish.topic.sql);
  return yield* tablesOf(id);
}

function* identityOf(connection: string): Generator<ToolCall, Section, string> {
  const who = said<Identity & { readonly details?: Readonly<Record<string, string | null>> }>(
    yield { tool: 'whoami', input: { connection } },
  );
  if (!who.ok) return failed(who.failure);
  const details = Object.entries(who.result.details ?? {});
  const more = details.length > 0 ? `\n\n${table([{ name: 'detail' }, { name: 'value' }], details)}` : '';
  return { text: `${identityLine(who.result)}${more}`, user: who.result.user };
}

function* rowsOf(connection: string, sql: string): Generator<ToolCall, Section, string> {
  const answer = said<QueryAnswer>(yield { tool: 'query', input: { connection, sql } });
  return answer.ok ? { text: queryText(answer.result), user: answer.result.ranAs.user } : failed(answer.failure);
}

interface Listed {
  readonly objects: readonly { readonly name: string; readonly kind: string; readonly comment?: string }[];
}

/** Walks from databases over schemas to tables, by the names of the sample data. */
function* tablesOf(connection: string): Generator<ToolCall, Section, string> {
  const path: string[] = [];
  for (;;) {
    const answer = said<Listed>(
      yield { tool: 'list_objects', input: { connection, ...(path.length > 0 && { path: [...path] }) } },
    );
    if (!answer.ok) return failed(answer.failure);
    const { objects } = answer.result;
    const further = objects.find(
      ({ name, kind }) => /^(?:database|schema)$/i.test(kind) && /^(?:lab|coffee)$/i.test(name),
    );
    if (further && path.length < 2) {
      path.push(further.name);
      continue;
    }
    const rows = objects.map(({ name, comment }) => [name, comment ?? '']);
    return { text: table([{ name: 'name' }, { name: 'what it holds' }], rows) };
  }
}

function failed(failure: ToolFailure): Section {
  return { text: failureText(failure), failure };
}

function title(wish: Wish): string {
  if (wish.kind === 'topic') return `**${wish.topic.title}**`;
  if (wish.kind === 'statement') return `\`\`\`sql\n${wish.sql.replaceAll('```', "'''")}\n\`\`\``;
  return '';
}

function closing(users: readonly string[]): string {
  const names = users.map((user) => `*${plain(user)}*`).join(' and ');
  return `The databases decided by themselves what ${names} may see. Sign in as somebody else and ask again to compare.`;
}
