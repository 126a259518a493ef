/**
 * What the server says when it refuses, in its own codes.
 *
 * Confirmed by the driver or its fixtures: 390303, 390318, 390100, 390112, 390104, 390111, 390114, 002003, 001003, 000604.
 * The text of 390317 is from dbt's documentation. Other codes are as widely quoted in public reports, not checked against a server.
 */
export class WarehouseError extends Error {
  readonly code: string;
  readonly sqlState: string;

  constructor(code: string, sqlState: string, message: string) {
    super(message);
    this.name = 'WarehouseError';
    this.code = code;
    this.sqlState = sqlState;
  }
}

const loginState = '08001';

export const invalidToken = (): WarehouseError =>
  new WarehouseError('390303', loginState, 'Invalid OAuth access token.');
export const expiredToken = (): WarehouseError =>
  new WarehouseError('390318', loginState, 'OAuth access token expired.');
export const unknownUser = (): WarehouseError =>
  new WarehouseError(
    '390304',
    loginState,
    'The user associated with the OAuth access token does not exist or is disabled.',
  );
export const otherUser = (): WarehouseError =>
  new WarehouseError(
    '390309',
    loginState,
    'The user you were trying to authenticate as differs from the user tied to the access token.',
  );
export const badPassword = (): WarehouseError =>
  new WarehouseError('390100', loginState, 'Incorrect username or password was specified.');
export const badProgrammaticToken = (): WarehouseError =>
  new WarehouseError('394400', loginState, 'Programmatic access token is invalid.');
export const badKeyPairToken = (): WarehouseError => new WarehouseError('390144', loginState, 'JWT token is invalid.');
export const loginRefused = (code: string): WarehouseError =>
  new WarehouseError(code, loginState, refusals[code] ?? 'The login was refused.');
/** 390432 is for a programmatic access token of a user whom no network policy covers, 390422 for whom one keeps out. */
const refusals: Readonly<Record<string, string>> = {
  '390100': 'Incorrect username or password was specified.',
  '390144': 'JWT token is invalid.',
  '390195': 'ID token is invalid.',
  '390303': 'Invalid OAuth access token. [0e8b7a54-3c0f-4b8e-9d5e-6f1a2b3c4d5e]',
  '390318': 'OAuth access token expired. [0e8b7a54-3c0f-4b8e-9d5e-6f1a2b3c4d5e]',
  '390422':
    'Incoming request with IP/Token 203.0.113.7 is not allowed to access Snowflake. Contact your account administrator.',
  '390432': 'Network policy is required.',
};
export const roleNotInToken = (role: string): WarehouseError =>
  new WarehouseError(
    '390317',
    loginState,
    `The role requested in the connection or the default role if none was requested in the connection ('${role}') is not listed in the Access Token or was filtered. Please specify another role, or contact your OAuth Authorization server administrator.`,
  );
export const roleNotGranted = (role: string): WarehouseError =>
  new WarehouseError(
    '390186',
    loginState,
    `Role '${role}' specified in the connect string is not granted to this user. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.`,
  );
export const unknownRole = (role: string): WarehouseError =>
  new WarehouseError(
    '390189',
    loginState,
    `Role '${role}' specified in the connect string does not exist or not authorized. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.`,
  );

export const invalidSession = (): WarehouseError =>
  new WarehouseError('390104', loginState, 'Session token is not valid.');
export const goneSession = (): WarehouseError =>
  new WarehouseError('390111', loginState, 'Session no longer exists. New login required to access the service.');
export const expiredSession = (): WarehouseError =>
  new WarehouseError('390112', loginState, 'Your session has expired. Please login again.');
export const expiredMaster = (): WarehouseError =>
  new WarehouseError('390114', loginState, 'Authentication token has expired. The user must authenticate again.');

export const missingObject = (name: string): WarehouseError =>
  new WarehouseError('002003', '42S02', `SQL compilation error:\nObject '${name}' does not exist or not authorized.`);
export const invalidIdentifier = (name: string): WarehouseError =>
  new WarehouseError('000904', '42000', `SQL compilation error:\ninvalid identifier '${name.toUpperCase()}'`);
export const unknownFunction = (name: string): WarehouseError =>
  new WarehouseError('002140', '42601', `SQL compilation error:\nUnknown function ${name.toUpperCase()}`);
export const syntaxError = (unexpected: string): WarehouseError =>
  new WarehouseError(
    '001003',
    '42000',
    `SQL compilation error:\nsyntax error line 1 at position 0 unexpected '${unexpected}'.`,
  );
export const emptyStatement = (): WarehouseError => new WarehouseError('000900', '42601', 'Empty SQL statement.');
export const statementCount = (actual: number, wanted: number): WarehouseError =>
  new WarehouseError(
    '000008',
    '0A000',
    `Actual statement count ${actual} did not match the desired statement count ${wanted}.`,
  );
export const insufficientPrivileges = (kind: string, name: string): WarehouseError =>
  new WarehouseError(
    '003001',
    '42501',
    `SQL access control error:\nInsufficient privileges to operate on ${kind} '${name}'`,
  );
export const roleNotAssigned = (role: string): WarehouseError =>
  new WarehouseError(
    '003013',
    '42501',
    `SQL execution error: Requested role '${role}' is not assigned to the executing user. Specify another role to activate.`,
  );
export const canceled = (): WarehouseError => new WarehouseError('000604', '57014', 'SQL execution canceled');
export const timedOut = (seconds: number): WarehouseError =>
  new WarehouseError(
    '000630',
    '57014',
    `Statement reached its statement or warehouse timeout of ${seconds} second(s) and was canceled.`,
  );
export const divisionByZero = (): WarehouseError => new WarehouseError('100051', '22012', 'Division by zero');
export const unknownQuery = (): WarehouseError => new WarehouseError('000709', '02000', 'Statement not found.');

/** DuckDB's complaint in the server's terms; what has no counterpart is a plain execution error. */
export function fromDatabaseError(error: unknown): WarehouseError {
  if (error instanceof WarehouseError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const found = (pattern: RegExp): string | undefined => pattern.exec(message)?.[1];
  const table =
    found(/(?:Table|View) with name "?([\w.$]+)"? does not exist/u) ??
    found(/^(?:Catalog|Binder) Error: (?:Catalog|Schema)(?: with name)? "?([\w.]+)"? does not exist/u);
  if (table !== undefined) return missingObject(table.toUpperCase());
  const column =
    found(/[Rr]eferenced (?:column|table) "([^"]+)" not found/u) ?? found(/does not have a column named "([^"]+)"/u);
  if (column !== undefined) return invalidIdentifier(column);
  const name = found(/Function with name "?([\w$]+)"? does not exist/u);
  if (name !== undefined) return unknownFunction(name);
  if (message.startsWith('Parser Error')) return syntaxError(found(/at or near "([^"]*)"/u) ?? '<EOF>');
  if (message.startsWith('INTERRUPT')) return canceled();
  const [firstLine = ''] = message.split('\n');
  if (message.startsWith('Conversion Error')) {
    return new WarehouseError('100038', '22018', firstLine.replace('Conversion Error: ', ''));
  }
  if (message.startsWith('Binder Error')) {
    return new WarehouseError('001044', '42P13', `SQL compilation error:\n${firstLine.replace('Binder Error: ', '')}`);
  }
  return new WarehouseError('000603', 'XX000', `SQL execution error: ${firstLine}`);
}
