import { significant } from './catalog.ts';
import { databaseName, publicSchema, schemaName } from './database.ts';
import { missingObject, roleNotAssigned, syntaxError } from './errors.ts';
import { identifierName, stringValue, type Token } from './lexer.ts';
import type { Session } from './sessions.ts';

const success = 'Statement executed successfully.';

/**
 * USE, ALTER SESSION, SET and transaction commands: what changes the session and no data.
 * Transactions are taken and ignored: each statement of the lab commits by itself.
 */
export function runSessionCommand(sql: string, session: Session): string {
  const [first, second, ...rest] = significant(sql);
  const verb = first?.text.toUpperCase();
  if (verb === 'USE') return use(session, second, rest);
  if (verb === 'ALTER') return alterSession(session, rest);
  if (verb === 'BEGIN' && second !== undefined && !/^(?:transaction|work|name)$/iu.test(second.text)) {
    throw syntaxError(second.text);
  }
  return success;
}

function use(session: Session, kind: Token | undefined, rest: readonly Token[]): string {
  const parts = (tokens: readonly Token[]): string[] =>
    tokens.filter(({ text }) => text !== '.').map(({ text }) => identifierName(text));
  switch (kind?.text.toUpperCase()) {
    case 'ROLE': {
      const [role = ''] = parts(rest);
      if (role !== 'PUBLIC' && !session.roles.includes(role)) throw roleNotAssigned(role);
      session.role = role;
      return success;
    }
    case 'WAREHOUSE':
      session.warehouse = parts(rest)[0] ?? null;
      return success;
    case 'SECONDARY':
      return success;
    case 'DATABASE': {
      const [name = ''] = parts(rest);
      if (name !== databaseName) throw missingObject(name);
      session.database = name;
      session.schema = publicSchema;
      return success;
    }
    case 'SCHEMA':
      return useSchema(session, parts(rest));
    case undefined:
      throw syntaxError('<EOF>');
    default:
      return useSchema(session, parts(kind === undefined ? rest : [kind, ...rest]));
  }
}

function useSchema(session: Session, parts: readonly string[]): string {
  const name = parts.at(-1) ?? '';
  if (parts.length === 1 && name === databaseName) {
    session.database = name;
    session.schema = publicSchema;
    return success;
  }
  if ((parts.length > 1 && parts[0] !== databaseName) || (name !== schemaName && name !== publicSchema)) {
    throw missingObject(parts.join('.'));
  }
  session.database = databaseName;
  session.schema = name;
  return success;
}

/** ALTER SESSION SET name = value [name = value …] | UNSET name [, name …] */
function alterSession(session: Session, tokens: readonly Token[]): string {
  const [verb, ...rest] = tokens;
  if (verb?.text.toUpperCase() === 'UNSET') {
    for (const { kind, text } of rest) if (kind === 'word') session.parameters.delete(text.toUpperCase());
    return success;
  }
  if (verb?.text.toUpperCase() !== 'SET') throw syntaxError(verb?.text ?? '<EOF>');
  for (const [index, token] of rest.entries()) {
    if (token.text !== '=') continue;
    const name = rest[index - 1]?.text.toUpperCase();
    const value = rest[index + 1];
    if (name === undefined || value === undefined) throw syntaxError('<EOF>');
    session.parameters.set(name, value.kind === 'string' ? stringValue(value.text) : value.text);
  }
  return success;
}
