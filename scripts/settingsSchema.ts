import * as z from 'zod/mini';

type Constant = string | number | boolean;

/** What pages and the manifest read of the JSON Schema of a setting. */
export interface Property {
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly const?: Constant;
  readonly enum?: readonly Constant[];
  readonly items?: Property;
  readonly oneOf?: readonly Property[];
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
}

export interface SettingsSchema {
  readonly properties: Readonly<Record<string, Property>>;
  readonly required: readonly string[];
}

/** Settings as one writes them, each alternative of a choice with the title and the text of the constant that tells it apart. */
export function schemaOf(settings: z.ZodMiniType): SettingsSchema {
  const { properties = {}, required = [] } = z.toJSONSchema(settings, { io: 'input' });
  const named = (key: string, value: unknown): unknown =>
    key === 'oneOf' ? (value as readonly Property[]).map(withTitle) : value;
  return { properties: JSON.parse(JSON.stringify(properties), named) as Record<string, Property>, required };
}

/** The constant that tells one alternative of a choice from the others. */
export function constantOf({ properties = {} }: Property): readonly [name: string, property: Property] | undefined {
  return Object.entries(properties).find(([, property]) => property.const !== undefined);
}

function withTitle(alternative: Property): Property {
  const [, { const: title, description } = {}] = constantOf(alternative) ?? [];
  return { ...(title !== undefined && { title: String(title) }), ...(description && { description }), ...alternative };
}

/** Every text that settings say of themselves, at any depth. */
export function descriptionsIn(settings: z.ZodMiniType): readonly string[] {
  const found: string[] = [];
  JSON.stringify(z.toJSONSchema(settings, { io: 'input' }), (key, value: unknown) => {
    if (key === 'description' && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}
