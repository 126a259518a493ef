/** What a person wants, as far as rules can tell. */
export type Wish =
  | { readonly kind: 'statement'; readonly sql: string }
  | { readonly kind: 'topic'; readonly topic: Topic }
  | { readonly kind: 'identity' }
  | { readonly kind: 'tables' }
  | { readonly kind: 'unknown' };

export interface Topic {
  /** Words that bring it up. */
  readonly words: RegExp;
  /** What the rows are, in a sentence such as "Orders that you may see, by region". */
  readonly title: string;
  readonly sql: string;
}

/** Questions about the coffee company that the rules can turn into SQL; the first one that fits is taken. */
export const topics: readonly Topic[] = [
  {
    words: /\b(?:customers?|e-?mails?|shops?|caf(?:e|é)s?)\b/i,
    title: 'Customers that you may see, the first ten',
    sql: 'SELECT name, email, region, lifetime_value FROM coffee.customers ORDER BY customer_id LIMIT 10',
  },
  {
    words: /\b(?:products?|coffees?|beans|roasts?|prices?)\b/i,
    title: 'Coffees on sale',
    sql: 'SELECT name, origin, roast, price FROM coffee.products WHERE discontinued_on IS NULL ORDER BY name',
  },
  {
    words: /\b(?:latest|newest|recent|last)\b.*\borders?\b/i,
    title: 'The latest orders that you may see',
    sql: 'SELECT order_id, order_date, region, quantity, amount FROM coffee.orders ORDER BY order_id DESC LIMIT 10',
  },
  {
    words: /\b(?:orders?|sales|sold|revenue|totals?|regions?|example)\b/i,
    title: 'Orders that you may see, by region',
    sql: 'SELECT region, count(*) AS orders, sum(amount) AS total FROM coffee.orders GROUP BY region ORDER BY region',
  },
];

const whoAmI = /\b(?:who\s*am\s*i|whoami|which user|what user|signed in as)\b/i;
const whichTables = /\b(?:tables?|views?|objects?|schemas?|what data|which data)\b/i;
/** Enough to tell `show tables` from "Show me the customers". */
const startsLikeSql =
  /^\s*(?:select\s+\S|with\s+\w+(?:\s*\([^)]*\))?\s+as\s*\(|explain\s+(?:select|with|analyze|using)\b|show\s+(?:tables|schemas|databases|columns|warehouses|grants|roles|all|search_path)\b|describe\s+(?:table|view)\b|desc\s+\w+\s*;?$|values\s*\(|delete\s+from\b|insert\s+into\b|update\s+\S+\s+set\b|merge\s+into\b|(?:create|drop|alter)\s+(?:or\s+replace\s+)?(?:table|view|schema|role|user|function)\b|truncate\s+\w|grant\s+\w|revoke\s+\w|call\s+\w+\s*\(|copy\s+\w|begin\b|commit\b|set\s+\w+)/i;
/** In the middle of a sentence only capitals tell SQL from English. */
const capitals =
  /\b(?:SELECT|WITH|EXPLAIN|SHOW|DESCRIBE|VALUES|DELETE|INSERT|UPDATE|MERGE|CREATE|DROP|ALTER|TRUNCATE|GRANT|REVOKE|CALL|COPY)\b/;
const fenced = /```(?:sql)?\s*\n(?<sql>[\s\S]*?)```/i;

/** Reads a wish out of a message. `connections` are ids that may be named behind a statement ("… on postgres"). */
export function wishOf(message: string, connections: readonly string[] = []): Wish {
  const sql = statementIn(message);
  if (sql !== undefined) return { kind: 'statement', sql: withoutConnection(sql, connections) };
  if (whoAmI.test(message)) return { kind: 'identity' };
  if (whichTables.test(message)) return { kind: 'tables' };
  const topic = topics.find(({ words }) => words.test(message));
  return topic ? { kind: 'topic', topic } : { kind: 'unknown' };
}

/** Ids among `connections` that the message names; none means all. */
export function connectionsIn(message: string, connections: readonly string[]): readonly string[] {
  const words = new Set(message.toLowerCase().match(/[a-z0-9][a-z0-9_-]*/g));
  return connections.filter((id) => words.has(id.toLowerCase()));
}

function statementIn(message: string): string | undefined {
  const block = fenced.exec(message)?.groups?.['sql'];
  if (block !== undefined) return block.trim();
  if (startsLikeSql.test(message)) return message.trim();
  const at = capitals.exec(message)?.index;
  return at === undefined ? undefined : message.slice(at).trim();
}

function withoutConnection(sql: string, connections: readonly string[]): string {
  const behind = /\s+(?:on|in|at|using|against)\s+(?:the\s+)?(?<id>[\w-]+)(?:\s+connection)?\s*[.?!]?$/i.exec(sql);
  const id = behind?.groups?.['id']?.toLowerCase();
  return behind && connections.some((each) => each.toLowerCase() === id) ? sql.slice(0, behind.index) : sql;
}
