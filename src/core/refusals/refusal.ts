/** Who can mend a broken link: the user, who runs the identity provider, who runs the database or MCP server, who runs the network, or nobody but time. */
export type Party = 'user' | 'identityProvider' | 'system' | 'network' | 'nobody';

/** Something to type or to hand to whoever can: as it is, with `{name}` for what is known of the connection. */
export interface Typed {
  readonly language: 'sql' | 'shell' | 'json';
  readonly text: string;
}

/** A command of ours that mends something, without its prefix. */
export type Remedy =
  | 'signIn'
  | 'setClientSecret'
  | 'setConnectionSecret'
  | 'confirmConnections'
  | 'openSettings'
  | 'refreshToken';

/** A refusal that the other side's own words tell more of than our code does. Patterns with named groups give further `{name}`s. */
export interface KnownRefusal<Code extends string = string> {
  /** Whose words they are. */
  readonly system: string;
  /** Its code, or its words where it has none: what people search for. */
  readonly sign: string;
  /** Codes of our errors that it may come as. */
  readonly codes: readonly Code[];
  /** Looked for in the detail and in the parameters of the error. Default: whatever it says. */
  readonly says?: RegExp;
  /** What is known of the connection, or a parameter of the error, that must look like this. */
  readonly where?: Readonly<Record<string, RegExp>>;
  readonly who: Party;
  readonly cause: string;
  readonly fix: string;
  readonly type?: readonly Typed[];
  readonly remedy?: Remedy;
}
