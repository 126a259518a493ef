import { format } from 'oxfmt';

/** Markdown in the form that the repository keeps. */
export async function formatted(markdown: string): Promise<string> {
  const { code } = await format('page.md', markdown, { printWidth: 120, singleQuote: true });
  return code;
}
