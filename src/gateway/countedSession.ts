import type { DatabaseSession } from '../connectors/connector.ts';

/** A session that counts what it has answered, so that nobody repeats a call that has seen an answer. */
export interface CountedSession extends DatabaseSession {
  readonly answers: number;
}

export function countedSession(session: DatabaseSession): CountedSession {
  let answers = 0;
  const { choices } = session;
  async function counted<T>(answer: Promise<T>): Promise<T> {
    const value = await answer;
    answers += 1;
    return value;
  }
  return {
    identity: session.identity,
    get usable() {
      return session.usable;
    },
    get answers() {
      return answers;
    },
    whoami: (signal) => counted(session.whoami(signal)),
    query: (statement, options) => counted(session.query(statement, options)),
    explain: (statement, options) => counted(session.explain(statement, options)),
    list: (path, pattern, options) => counted(session.list(path, pattern, options)),
    describe: (path, options) => counted(session.describe(path, options)),
    ...(choices && { choices: (setting, options) => counted(choices(setting, options)) }),
    close: () => session.close(),
  };
}
