/** Characters of all header fields together: more fits through few servers. */
const MOST = 64 * 1024;

/** What is wrong with header fields, before the HTTP layer sees them: its own errors print the value. */
export function headerProblem(
  fields: Readonly<Record<string, string>>,
): { readonly header: string; readonly problem: string } | undefined {
  let size = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return { header: 'with a wrong name', problem: 'it is no field name' };
    if (value === '') return { header: name, problem: 'it is empty' };
    // RFC 9110 section 5.5, without the bytes above ASCII that it warns of.
    if (!/^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value))
      return { header: name, problem: 'it has characters that no header has' };
    size += name.length + value.length;
  }
  return size > MOST ? { header: 'block', problem: `it has more than ${MOST} characters` } : undefined;
}
