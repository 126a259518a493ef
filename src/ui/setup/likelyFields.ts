import type { ErrorCode, PassportError } from '../../core/errors.ts';

const ADDRESS = ['host', 'port', 'account', 'url', 'command'];

/** Fields that a failed test is probably about, the likeliest first. */
const FIELDS: Partial<Record<ErrorCode, readonly string[]>> = {
  'DP-DATABASE-UNREACHABLE': ADDRESS,
  'DP-DATABASE-CERTIFICATE': ['host', 'caFile', 'account'],
  'DP-DATABASE-INSECURE': ADDRESS,
  'DP-DATABASE-REFUSED': ['user', 'role', 'database', 'authentication', 'account'],
  'DP-DATABASE-ROLE': ['role'],
  'DP-DATABASE-PERMISSION': ['role', 'warehouse', 'database', 'schema'],
  'DP-OBJECT-UNKNOWN': ['database', 'schema'],
  'DP-MCP-UNREACHABLE': ADDRESS,
  'DP-MCP-CERTIFICATE': ADDRESS,
  'DP-MCP-STATUS': ADDRESS,
  'DP-MCP-ANSWER': ADDRESS,
  'DP-MCP-REDIRECT': ADDRESS,
  'DP-MCP-GRANT': ['server', 'role', 'database', 'schema'],
  'DP-MCP-REFUSED': ['url', 'header', 'template'],
  'DP-MCP-PROGRAM': ['command', 'args', 'cwd'],
};

export function likelyFields({ code, params }: PassportError): readonly string[] {
  // The identity provider did not grant the role, which the scope of the token names.
  if (code === 'DP-TOKEN-CLAIM' && params['expected']?.includes('session:role:')) return ['role'];
  return FIELDS[code] ?? ADDRESS;
}
