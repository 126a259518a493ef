import { completable, type McpServer, type PromptMessage, ResourceTemplate } from '@modelcontextprotocol/server';
import * as z from 'zod';

import { askingPrompt } from './fixtureQuestions.ts';
import { dot } from './fixtureTools.ts';

const user = (content: PromptMessage['content']): PromptMessage => ({ role: 'user', content });
const text = (said: string): PromptMessage => user({ type: 'text', text: said });

/** Resources by the addresses that the suite reads. */
export function addResources(server: McpServer): void {
  const plain = 'text/plain';
  const content = 'This is the content of the static text resource.';
  server.registerResource(
    'static-text',
    'test://static-text',
    { description: 'A text.', mimeType: plain },
    ({ href }) => ({ contents: [{ uri: href, mimeType: plain, text: content }] }),
  );
  server.registerResource(
    'static-binary',
    'test://static-binary',
    { description: 'An image.', mimeType: 'image/png' },
    ({ href }) => ({ contents: [{ uri: href, mimeType: 'image/png', blob: dot }] }),
  );
  server.registerResource(
    'watched-resource',
    'test://watched-resource',
    { description: 'A text to subscribe to.', mimeType: plain },
    ({ href }) => ({ contents: [{ uri: href, mimeType: plain, text: 'Watched' }] }),
  );
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: 'Data with an id.', mimeType: 'application/json' },
    ({ href }, { id }) => {
      const said = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` });
      return { contents: [{ uri: href, mimeType: 'application/json', text: said }] };
    },
  );
}

/** Prompts by the names that the suite asks for. */
export function addPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'One sentence.' }, () => ({
    messages: [text('This is a simple prompt for testing.')],
  }));
  const argument = (): z.ZodString => completable(z.string(), (begun) => [`${begun}is`, `${begun}k`]);
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Two arguments.', argsSchema: z.object({ arg1: argument(), arg2: argument() }) },
    ({ arg1, arg2 }) => ({ messages: [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'A resource of your choice.', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => {
      const resource = { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' };
      return {
        messages: [user({ type: 'resource', resource }), text('Please process the embedded resource above.')],
      };
    },
  );
  server.registerPrompt('test_prompt_with_image', { description: 'An image.' }, () => ({
    messages: [user({ type: 'image', data: dot, mimeType: 'image/png' }), text('Please analyze the image above.')],
  }));
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first.' }, askingPrompt);
}
