import type { Account, Integration } from './account.ts';
import { significant } from './catalog.ts';
import { databaseName, schemaName } from './database.ts';
import { insufficientPrivileges, missingObject, syntaxError } from './errors.ts';
import { identifierName, stringValue, type Token } from './lexer.ts';
import type { Session } from './sessions.ts';

/** What an administrator types: an answer in one column, or rows with names. */
export interface AdministrationAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const done = (status: string): AdministrationAnswer => ({ columns: ['status'], rows: [[status]] });

interface Place {
  readonly session: Session;
  readonly account: Account;
}

type Command = (words: Words, place: Place) => AdministrationAnswer;

/** By the words that a statement begins with. */
const commands: readonly { readonly begins: readonly string[]; readonly run: Command }[] = [
  { begins: ['CREATE', 'SECURITY', 'INTEGRATION'], run: createIntegration },
  { begins: ['SHOW', 'SECURITY', 'INTEGRATIONS'], run: showIntegrations },
  { begins: ['CREATE', 'MCP', 'SERVER'], run: createMcpServer },
  { begins: ['ALTER', 'USER'], run: alterUser },
  { begins: ['GRANT'], run: grant },
];

/**
 * Runs what is for administrators; undefined where the statement is something else.
 * @throws {WarehouseError} 001003 for anything in it that Snowflake has not documented, 003001 for others than administrators
 */
export function administer(sql: string, place: Place): AdministrationAnswer | undefined {
  const tokens = significant(sql);
  const command = commands.find(({ begins }) =>
    begins.every((word, index) => tokens[index]?.text.toUpperCase() === word),
  );
  if (!command) return undefined;
  if (place.session.role !== 'ACCOUNTADMIN') throw insufficientPrivileges('account', 'LAB_EU');
  const words = wordsOf(tokens.slice(command.begins.length));
  const answer = command.run(words, place);
  words.end();
  return answer;
}

/** The statement, word by word. */
interface Words {
  /** Takes the next word if it is this one. */
  take(word: string): boolean;
  expect(...words: readonly string[]): void;
  name(): string;
  /** `A.B.C` */
  path(): string;
  text(): string;
  /** The next word or string as it is, in upper case where it is a word. */
  value(): Value;
  readonly left: boolean;
  end(): void;
}

type Value = { readonly kind: 'word' | 'text'; readonly value: string };

function wordsOf(tokens: readonly Token[]): Words {
  const rest = [...tokens];
  const next = (): Token => rest.shift() ?? { kind: 'space', text: '<EOF>' };
  const unexpected = ({ text }: Token): never => {
    throw syntaxError(text);
  };
  const words: Words = {
    take(word) {
      if (rest[0]?.text.toUpperCase() !== word) return false;
      rest.shift();
      return true;
    },
    expect(...wanted) {
      for (const word of wanted) if (!words.take(word)) unexpected(next());
    },
    name() {
      const token = next();
      return token.kind === 'word' || token.kind === 'quoted' ? identifierName(token.text) : unexpected(token);
    },
    path() {
      const parts = [words.name()];
      while (words.take('.')) parts.push(words.name());
      return parts.join('.');
    },
    text() {
      const token = next();
      return token.kind === 'string' ? stringValue(token.text) : unexpected(token);
    },
    value() {
      const token = next();
      if (token.kind === 'string') return { kind: 'text', value: stringValue(token.text) };
      if (token.kind === 'word' || token.kind === 'number') return { kind: 'word', value: token.text.toUpperCase() };
      return unexpected(token);
    },
    get left() {
      return rest.length > 0;
    },
    end() {
      if (rest.length > 0) unexpected(next());
    },
  };
  return words;
}

/** `NAME = value` or `NAME = ('text', …)`, until the end. */
function properties(words: Words): Map<string, readonly Value[]> {
  const found = new Map<string, readonly Value[]>();
  while (words.left) {
    const name = words.name();
    words.expect('=');
    if (!words.take('(')) {
      found.set(name, [words.value()]);
      continue;
    }
    const list = [words.value()];
    while (words.take(',')) list.push(words.value());
    words.expect(')');
    found.set(name, list);
  }
  return found;
}

/** Takes properties one by one; what is left over at the end is unknown to Snowflake. */
function reader(found: Map<string, readonly Value[]>) {
  const take = (name: string, kind: Value['kind']): readonly string[] | undefined => {
    const values = found.get(name);
    found.delete(name);
    const wrong = values?.find((each) => each.kind !== kind);
    if (wrong) throw syntaxError(wrong.value);
    return values?.map(({ value }) => value);
  };
  const needed = <T>(name: string, value: T | undefined): T => {
    if (value === undefined) throw syntaxError(`missing option ${name}`);
    return value;
  };
  return {
    texts: (name: string) => take(name, 'text'),
    text: (name: string) => take(name, 'text')?.[0],
    neededText: (name: string): string => needed(name, take(name, 'text')?.[0]),
    neededTexts: (name: string): readonly string[] => needed(name, take(name, 'text')),
    oneOf<T extends string>(name: string, choices: readonly T[], usual?: T): T {
      const given = take(name, 'word')?.[0];
      const value = given === undefined ? usual : choices.find((choice) => choice === given);
      if (value === undefined) throw syntaxError(given ?? `missing option ${name}`);
      return value;
    },
    end() {
      const [unknown] = found.keys();
      if (unknown !== undefined) throw syntaxError(unknown);
    },
  };
}

/** https://docs.snowflake.com/en/sql-reference/sql/create-security-integration-oauth-external */
function createIntegration(words: Words, { account }: Place): AdministrationAnswer {
  const name = words.name();
  const own = reader(properties(words));
  own.oneOf('TYPE', ['EXTERNAL_OAUTH']);
  const enabled = own.oneOf('ENABLED', ['TRUE', 'FALSE']) === 'TRUE';
  const kind = own.oneOf('EXTERNAL_OAUTH_TYPE', ['OKTA', 'AZURE', 'PING_FEDERATE', 'CUSTOM']);
  const attribute = own.neededText('EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE');
  if (attribute !== 'LOGIN_NAME' && attribute !== 'EMAIL_ADDRESS') throw syntaxError(attribute);
  const integration: Integration = {
    name,
    enabled,
    issuer: own.neededText('EXTERNAL_OAUTH_ISSUER'),
    keysUrl: own.neededText('EXTERNAL_OAUTH_JWS_KEYS_URL'),
    audiences: own.texts('EXTERNAL_OAUTH_AUDIENCE_LIST') ?? ['https://coffee-lab_eu.snowflakecomputing.com'],
    userClaims: own.neededTexts('EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM'),
    userAttribute: attribute,
    // Only CUSTOM takes these two.
    scopeClaim: (kind === 'CUSTOM' ? own.text('EXTERNAL_OAUTH_SCOPE_MAPPING_ATTRIBUTE') : undefined) ?? 'scp',
    scopeDelimiter: (kind === 'CUSTOM' ? own.text('EXTERNAL_OAUTH_SCOPE_DELIMITER') : undefined) ?? ',',
    anyRole:
      own.oneOf('EXTERNAL_OAUTH_ANY_ROLE_MODE', ['DISABLE', 'ENABLE', 'ENABLE_FOR_PRIVILEGE'], 'DISABLE') === 'ENABLE',
  };
  own.end();
  account.integrations.set(name, integration);
  return done(`Integration ${name} successfully created.`);
}

function showIntegrations(words: Words, { account }: Place): AdministrationAnswer {
  if (words.take('LIKE')) words.text();
  const rows = [...account.integrations.values()].map(({ name, enabled }) => [
    name,
    'EXTERNAL_OAUTH - CUSTOM',
    String(enabled),
  ]);
  return { columns: ['name', 'type', 'enabled'], rows };
}

/** https://docs.snowflake.com/en/sql-reference/sql/create-mcp-server */
function createMcpServer(words: Words, { account }: Place): AdministrationAnswer {
  if (words.take('IF')) words.expect('NOT', 'EXISTS');
  const path = words.path();
  words.expect('FROM', 'SPECIFICATION');
  inLab(path.split('.').slice(0, -1));
  account.mcpServers.set(path, words.text());
  return done(`MCP server ${path} successfully created.`);
}

/** The lab has one database with one schema. */
function inLab([database, schema]: readonly string[]): void {
  if (database !== databaseName || (schema !== undefined && schema !== schemaName))
    throw missingObject([database, schema].filter((part) => part !== undefined).join('.'));
}

/** https://docs.snowflake.com/en/sql-reference/sql/alter-user */
function alterUser(words: Words, { account }: Place): AdministrationAnswer {
  const name = words.name();
  const user = account.users.get(name);
  if (!user) throw missingObject(name);
  words.expect('SET');
  const own = reader(properties(words));
  user.loginName = own.text('LOGIN_NAME') ?? user.loginName;
  user.email = own.text('EMAIL') ?? user.email;
  user.defaultWarehouse = own.text('DEFAULT_WAREHOUSE') ?? user.defaultWarehouse;
  user.defaultRole = own.text('DEFAULT_ROLE') ?? user.defaultRole;
  own.end();
  return done('Statement executed successfully.');
}

const warehouses: ReadonlySet<string> = new Set(['COMPUTE_WH']);
const roles: ReadonlySet<string> = new Set(['ANALYST', 'MANAGER']);

type Target = (words: Words, account: Account) => string;

/** https://docs.snowflake.com/en/sql-reference/sql/grant-privilege, as far as the lab has such objects. */
const targets: Readonly<Record<string, Target>> = {
  WAREHOUSE(words) {
    const name = words.name();
    if (!warehouses.has(name)) throw missingObject(name);
    return `WAREHOUSE ${name}`;
  },
  DATABASE(words) {
    const name = words.name();
    inLab([name]);
    return `DATABASE ${name}`;
  },
  SCHEMA: (words) => `SCHEMA ${schemaIn(words)}`,
  MCP(words, account) {
    words.expect('SERVER');
    const path = words.path();
    if (!account.mcpServers.has(path)) throw missingObject(path);
    return `MCP SERVER ${path}`;
  },
  ALL: (words) => manyIn('ALL', words),
  FUTURE: (words) => manyIn('FUTURE', words),
};

function schemaIn(words: Words): string {
  const path = words.path();
  inLab(path.split('.'));
  return path;
}

function manyIn(which: string, words: Words): string {
  const kind = words.name();
  if (kind !== 'TABLES' && kind !== 'VIEWS') throw syntaxError(kind);
  words.expect('IN', 'SCHEMA');
  return `${which} ${kind} IN SCHEMA ${schemaIn(words)}`;
}

function grant(words: Words, { account }: Place): AdministrationAnswer {
  const privilege = words.name();
  if (privilege === 'ROLE') return grantRole(words, account);
  if (privilege !== 'USAGE' && privilege !== 'SELECT') throw syntaxError(privilege);
  words.expect('ON');
  const kind = words.name();
  const target = targets[kind]?.(words, account);
  if (target === undefined) throw syntaxError(kind);
  words.expect('TO', 'ROLE');
  account.grants.add(`${privilege} ON ${target} TO ROLE ${roleIn(words)}`);
  return done('Statement executed successfully.');
}

function roleIn(words: Words): string {
  const role = words.name();
  if (!roles.has(role)) throw missingObject(role);
  return role;
}

function grantRole(words: Words, account: Account): AdministrationAnswer {
  const role = roleIn(words);
  words.expect('TO', 'USER');
  const name = words.name();
  const user = account.users.get(name);
  if (!user) throw missingObject(name);
  user.roles.add(role);
  return done('Statement executed successfully.');
}

/** What a role lacks to read tables of the lab, as the first object that it may not use. */
export function lackedToRead({ role, warehouse }: Session, { grants }: Account): string | undefined {
  const schema = `${databaseName}.${schemaName}`;
  const needs: readonly (readonly [grant: string, object: string])[] = [
    [`USAGE ON WAREHOUSE ${warehouse ?? ''}`, warehouse ?? 'WAREHOUSE'],
    [`USAGE ON DATABASE ${databaseName}`, databaseName],
    [`USAGE ON SCHEMA ${schema}`, schema],
    [`SELECT ON ALL TABLES IN SCHEMA ${schema}`, schema],
    [`SELECT ON ALL VIEWS IN SCHEMA ${schema}`, schema],
  ];
  return needs.find(([needed]) => !grants.has(`${needed} TO ROLE ${role}`))?.[1];
}
