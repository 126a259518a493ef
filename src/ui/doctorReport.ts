import { brokenLink, type Diagnosis, type LinkReport } from '../core/diagnosis.ts';
import { PassportError } from '../core/errors.ts';
import type { Explanation, Typed } from '../core/knownRefusals.ts';
import { told } from '../core/told.ts';
import { doctorMessages } from './doctorMessages.ts';
import { phrase, translated } from './localize.ts';
import { visible } from './plainText.ts';

const { report: words } = doctorMessages;

/** What is broken and who can mend it, in one line. */
export function headline(diagnosis: Diagnosis): string {
  const broken = brokenLink(diagnosis);
  if (!broken) return doctorMessages.works(diagnosis.title);
  const where = doctorMessages.broken(diagnosis.title, phrase(broken.title));
  return broken.explanation ? `${where} ${whose(diagnosis, broken.explanation)}` : where;
}

/** A diagnosis as Markdown. Whatever comes from elsewhere is shown as text. */
export function doctorReport(diagnosis: Diagnosis): string {
  return markdown(diagnosis, words.made(timeOf(diagnosis)));
}

/** The same for a ticket: people have no names. Hosts, issuers and client ids stay, because nobody could help without them. */
export function redactedReport(diagnosis: Diagnosis): string {
  return markdown(withoutPeople(diagnosis), words.madeForTicket(timeOf(diagnosis)));
}

function markdown(diagnosis: Diagnosis, made: string): string {
  const { links } = diagnosis;
  const broken = brokenLink(diagnosis);
  const parts = [`# ${inert(headline(diagnosis))}`, ...(broken ? detailOf(broken) : []), table(links), inert(made)];
  return `${parts.join('\n\n')}\n`;
}

const timeOf = ({ at }: Diagnosis): string => new Date(at).toISOString();

function whose({ links }: Diagnosis, { who }: Explanation): string {
  const isServer = links.some(({ id }) => id === 'tools');
  return doctorMessages.who[who === 'system' ? (isServer ? 'server' : 'database') : who]();
}

function detailOf({ error, explanation }: LinkReport): readonly string[] {
  const { cause, fix, type = [], sign } = explanation ?? {};
  const said = error?.detail;
  return [
    ...(cause === undefined ? [] : [`**${words.why()}:** ${inert(cause)}`]),
    ...(fix === undefined ? [] : [`**${words.what()}:** ${inert(fix)}`]),
    ...(type.length === 0 ? [] : [`${inert(words.type())}:`, ...type.map(block)]),
    ...(error ? [`**${words.error()}:** ${error.code}`] : []),
    ...(said === undefined ? [] : [`**${words.said()}:** ${inert(said)}`]),
    ...(sign === undefined ? [] : [`**${words.known()}:** ${inert(sign)}`]),
  ];
}

/** A fence longer than any run of backticks in the text. */
function block({ language, text }: Typed): string {
  const runs = [...text.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(2, ...runs) + 1);
  return `${fence}${language}\n${text.split('\n').map(visible).join('\n')}\n${fence}`;
}

/** Its first two columns are padded, so that it can be read as text too. */
function table(links: readonly LinkReport[]): string {
  const rows = links.map(({ state, title, facts, reason, error }) => {
    const seen = [
      ...facts.map(phrase),
      ...(reason === undefined ? [] : [words.notChecked(phrase(reason))]),
      ...(error ? [told(PassportError.from(error), translated).sentence] : []),
    ];
    return [words.state[state], inert(phrase(title)), seen.map(inert).join(' ')] as const;
  });
  const head = words.columns();
  const wide = [0, 1].map((column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = ([state, link, seen]: readonly string[]): string =>
    `| ${(state ?? '').padEnd(wide[0] ?? 0)} | ${(link ?? '').padEnd(wide[1] ?? 0)} | ${seen} |`;
  const rule = line([...wide.map((width) => '-'.repeat(width)), '---']);
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** An address, as far as it can stand in a code span and in a cell of a table. */
const ADDRESS = /(\bhttps?:\/\/[\w.~:/?#@!$&()*+,;=%-]*[\w/])/;

/**
 * None of its Markdown is rendered, no address in it becomes a link, nothing in it is hidden; and it can still be read as text, because
 * nothing is escaped that would be text anyway (CommonMark 0.31 section 2.4). For the inside of a line.
 */
function inert(text: string): string {
  return visible(text.replace(/\s+/g, ' ').trim())
    .split(ADDRESS)
    .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : escaped(part)))
    .join('');
}

function escaped(text: string): string {
  return text
    .replace(/[\\`*[\]|~$]|&(?=[#\w]+;)|<(?=[\w/!?])/g, String.raw`\$&`)
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
    .replaceAll('://', String.raw`:\/\/`);
}

/** An address of e-mail, wherever it stands. */
const MAIL = /[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;
/** A folder of a person, as paths of key files and programs begin. */
const HOME = /((?:\/home|\/Users|[A-Za-z]:\\Users)[/\\])[^/\\\s]+/g;
const SOMEBODY = '<user>';

function withoutPeople(diagnosis: Diagnosis): Diagnosis {
  // The longest first: a name may be part of another one.
  const names = diagnosis.people.filter((name) => name.length > 2).toSorted((a, b) => b.length - a.length);
  const patterns = names.map((name) => new RegExp(`(?<!\\w)${name.replace(/[^\w\s]/g, String.raw`\$&`)}(?!\\w)`, 'gi'));
  const clean = (text: string): string => {
    let anonymous = text.replace(MAIL, SOMEBODY).replace(HOME, `$1${SOMEBODY}`);
    for (const pattern of patterns) anonymous = anonymous.replace(pattern, SOMEBODY);
    return anonymous;
  };
  return { ...diagnosis, people: [], links: diagnosis.links.map((link) => cleanLink(link, clean)) };
}

function cleanLink(link: LinkReport, clean: (text: string) => string): LinkReport {
  const { facts, reason, error, explanation } = link;
  return {
    ...link,
    facts: facts.map(clean),
    reason: reason === undefined ? undefined : clean(reason),
    error: error && {
      code: error.code,
      params: Object.fromEntries(Object.entries(error.params).map(([name, value]) => [name, clean(value)])),
      detail: error.detail === undefined ? undefined : clean(error.detail),
    },
    explanation: explanation && {
      ...explanation,
      cause: clean(explanation.cause),
      fix: clean(explanation.fix),
      type: explanation.type.map(({ language, text }) => ({ language, text: clean(text) })),
    },
  };
}
