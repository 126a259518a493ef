import assert from 'node:assert/strict';
import { test } from 'node:test';

import { githubApp } from '../../src/tokens/githubApp.ts';

test('Settings must name one installation, a safe address, and nothing that leads to another one', () => {
  const least = { app: '4711', privateKeyFile: '~/app.pem' };
  const one = { ...least, organization: 'acme' };
  const wrongs: readonly (readonly [object, string])[] = [
    [least, 'installation'],
    [{ ...one, installation: 99 }, 'installation'],
    [{ ...least, installation: 0 }, 'installation'],
    [{ ...least, organization: '../app' }, 'organization'],
    [{ ...least, repository: 'acme' }, 'repository'],
    [{ ...least, repository: 'acme/..' }, 'repository'],
    [{ ...least, repository: 'acme/shop?x' }, 'repository'],
    [{ ...one, repositories: ['acme/shop'] }, 'repositories.0'],
    [{ ...one, repositories: [] }, 'repositories'],
    [{ ...one, permissions: {} }, 'permissions'],
    [{ ...one, permissions: { contents: 'all' } }, 'permissions.contents'],
    [{ ...one, apiUrl: 'http://github.example.com/api/v3' }, 'apiUrl'],
    [{ ...one, apiUrl: 'https://u:p@github.example.com' }, 'apiUrl'],
    [{ ...one, apiUrl: 'https://github.example.com?x' }, 'apiUrl'],
    [{ ...one, app: 'my app' }, 'app'],
  ];
  assert.deepEqual(
    wrongs.map(([settings]) =>
      githubApp.settings.safeParse(settings).error?.issues.map((issue) => issue.path.join('.')),
    ),
    wrongs.map(([, where]) => [where]),
  );
});
