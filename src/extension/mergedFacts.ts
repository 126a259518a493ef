import * as z from 'zod/mini';

/** What is looked at here of the facts that the gateway makes; the rest passes as it is. */
const schema = z.looseObject({
  server: z.string(),
  tools: z.array(z.looseObject({ name: z.string(), hash: z.string(), at: z.optional(z.number()) })),
  complete: z.boolean(),
});

/**
 * What one window tells of a server, beside what another one may have written since: a tool is as it was taken last, in whichever
 * window, and one that only the other window knows stays, with its name and hash. What can not be compared is as it is told now.
 * @param told JSON that the gateway made
 * @param known the same, as it is in the file
 */
export function mergedFacts(told: string, known: string | undefined): string {
  const [now, before] = [parsed(told), parsed(known)];
  if (!now || now.server !== before?.server) return told;
  const others = new Map(before.tools.map((tool) => [tool.name, tool]));
  const tools = now.tools.map((tool) => {
    const other = others.get(tool.name);
    others.delete(tool.name);
    return other && other.hash !== tool.hash && (other.at ?? 0) > (tool.at ?? 0) ? other : tool;
  });
  const added = [...others.values()].map(({ name, hash, at }) => ({ name, hash, at }));
  const isSame = added.length === 0 && tools.every((tool, index) => tool === now.tools[index]);
  if (isSame && now.complete === (now.complete || before.complete)) return told;
  return JSON.stringify({ ...now, tools: [...tools, ...added], complete: now.complete || before.complete });
}

function parsed(text: string | undefined): z.infer<typeof schema> | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
