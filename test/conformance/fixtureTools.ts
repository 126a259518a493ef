import { setTimeout as delay } from 'node:timers/promises';

import type { CallToolResult, InputRequiredResult, ServerContext } from '@modelcontextprotocol/server';

export type Params = Readonly<Record<string, unknown>>;
export type Outcome<Result> = Result | InputRequiredResult;

/** What a tool can change on its server. */
export interface Levers {
  toolsChanged(): void;
  promptsChanged(): void;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema. Default: no arguments. */
  readonly input?: Params;
  run(args: Params, context: ServerContext): Outcome<CallToolResult> | Promise<Outcome<CallToolResult>>;
}

/** A PNG of one red pixel. */
export const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
/** A WAV file without a single sample. */
const silence = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=';

export const said = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });

/** Milliseconds between two things that are said, so that they come one by one. */
const PAUSE = 50;

const image = { type: 'image', data: dot, mimeType: 'image/png' } as const;

/** The dialect's features that the suite looks for in a list of tools. */
const dialect = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // eslint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/** Tools that answer without asking the client anything, by the names that the suite calls. */
export function plainTools({ toolsChanged, promptsChanged }: Levers): readonly Tool[] {
  return [
    {
      name: 'test_simple_text',
      description: 'Says one sentence.',
      run: () => said('This is a simple text response for testing.'),
    },
    { name: 'test_image_content', description: 'Shows an image.', run: () => ({ content: [image] }) },
    {
      name: 'test_audio_content',
      description: 'Plays a sound.',
      run: () => ({ content: [{ type: 'audio', data: silence, mimeType: 'audio/wav' }] }),
    },
    {
      name: 'test_embedded_resource',
      description: 'Has a resource in its answer.',
      run: () => ({
        content: [
          {
            type: 'resource',
            resource: {
              uri: 'test://embedded-resource',
              mimeType: 'text/plain',
              text: 'This is an embedded resource content.',
            },
          },
        ],
      }),
    },
    {
      name: 'test_multiple_content_types',
      description: 'Answers with text, an image and a resource.',
      run: () => ({
        content: [
          { type: 'text', text: 'Multiple content types test:' },
          image,
          {
            type: 'resource',
            resource: {
              uri: 'test://mixed-content-resource',
              mimeType: 'application/json',
              text: JSON.stringify({ test: 'data', value: 123 }),
            },
          },
        ],
      }),
    },
    { name: 'test_tool_with_logging', description: 'Logs three lines, slowly.', run: logging(PAUSE) },
    { name: 'test_logging_tool', description: 'Logs three lines.', run: logging(0) },
    { name: 'test_tool_with_progress', description: 'Tells its progress.', run: progressing },
    {
      name: 'test_error_handling',
      description: 'Fails.',
      run: () => {
        throw new Error('This tool intentionally returns an error for testing');
      },
    },
    {
      name: 'test_reconnection',
      description: 'Ends its stream before it answers.',
      async run(_args, { http }) {
        http?.closeSSE?.();
        await delay(2 * PAUSE);
        return said('The stream was taken up again.');
      },
    },
    {
      name: 'json_schema_2020_12_tool',
      description: 'Tool with JSON Schema 2020-12 features',
      input: dialect,
      run: () => said('It fits.'),
    },
    {
      name: 'test_custom_headers',
      description: 'Has arguments that travel in headers as well.',
      input: {
        type: 'object',
        properties: {
          region: { type: 'string', 'x-mcp-header': 'Region' },
          rank: { type: 'string', 'x-mcp-header': 'Rank' },
        },
        required: ['region'],
      },
      run: ({ region }) => said(String(region)),
    },
    {
      name: 'test_trigger_tool_change',
      description: 'Says that the tools are others now.',
      run() {
        toolsChanged();
        return said('done');
      },
    },
    {
      name: 'test_trigger_prompt_change',
      description: 'Says that the prompts are others now.',
      run() {
        promptsChanged();
        return said('done');
      },
    },
  ];
}

function logging(pause: number): Tool['run'] {
  return async (_args, { mcpReq }) => {
    for (const text of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      // eslint-disable-next-line typescript/no-deprecated -- the older revision has it
      await mcpReq.log('info', text);
      await delay(pause);
    }
    return said('It was logged.');
  };
}

async function progressing(_args: Params, { mcpReq }: ServerContext): Promise<CallToolResult> {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of [0, 50, 100]) {
    if (progressToken !== undefined)
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
    await delay(PAUSE);
  }
  return said('It is done.');
}
