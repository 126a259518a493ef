import type { ErrorFacts } from './errors.ts';
import type { Explanation } from './knownRefusals.ts';
import type { Identity } from './result.ts';

/** `notChecked`: it can not be judged from here, or it was not its turn; the reason says which. */
export type LinkState = 'ok' | 'broken' | 'notChecked';

/** One link in the chain of a connection, as it was found. Plain data. */
export interface LinkReport {
  readonly id: string;
  /** What is checked, in a few words. */
  readonly title: string;
  readonly state: LinkState;
  /** What was seen, each a sentence. Never a secret. */
  readonly facts: readonly string[];
  /** Why it was not checked. */
  readonly reason?: string | undefined;
  /** Absent where nothing is broken. */
  readonly error?: ErrorFacts | undefined;
  readonly explanation?: Explanation | undefined;
}

/** What became of one connection's chain, up to the first broken link. */
export interface Diagnosis {
  readonly connection: string;
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly links: readonly LinkReport[];
  /** Names of people that it may mention, to be taken out of a copy for others. */
  readonly people: readonly string[];
}

/** A link beyond the extension, as the gateway found it. */
export interface FarLink {
  readonly id: string;
  readonly state: LinkState;
  readonly facts: readonly string[];
  readonly reason?: string | undefined;
  readonly error?: ErrorFacts | undefined;
  /** Who the other side says we are. */
  readonly identity?: Identity | undefined;
}

/** The link that is broken; undefined where none is. */
export function brokenLink({ links }: Diagnosis): LinkReport | undefined {
  return links.find(({ state }) => state === 'broken');
}
