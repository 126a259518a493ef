import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';

import { decodeJwt } from '../../src/core/jwt.ts';
import { snowflakeKeyPair } from '../../src/tokens/snowflakeKeyPair.ts';
import { claimsIn, saidBy, tokenIn } from './outcome.ts';
import { lab, newKeyPair, passphrase, pemOf, pkcs8, secretsOf } from './snowflakeLab.ts';

describe('A key pair for Snowflake', () => {
  it('signs a JWT by which Snowflake lets its user in', async (t) => {
    const { fingerprint, login, source: start } = await lab(t);
    const source = start();
    const credential = await source.get();
    const token = tokenIn(credential);
    const { header, claims } = decodeJwt(token) ?? { header: {}, claims: {} };
    const { iat, exp, ...named } = claims as { iat: number; exp: number };
    assert.deepEqual(
      {
        kind: credential.kind,
        who: await login(credential),
        header,
        named,
        life: exp - iat,
        isInThePast: iat * 1000 < source.now(),
        known: source.known.includes(token),
        asked: source.asked,
      },
      {
        kind: 'keyPairJwt',
        who: 'ALICE',
        header: { alg: 'RS256', typ: 'JWT' },
        named: { iss: `COFFEE-LAB.ALICE.${fingerprint}`, sub: 'COFFEE-LAB.ALICE' },
        life: 300,
        isInThePast: true,
        known: true,
        asked: [],
      },
    );
  });

  it('names the account as Snowflake wants it in a JWT, however it is written', async (t) => {
    const { source } = await lab(t);
    const names: Record<string, string> = {
      'coffee-lab': 'COFFEE-LAB',
      'coffee.lab': 'COFFEE-LAB',
      'Coffee-lab_eu': 'COFFEE-LAB_EU',
      xy12345: 'XY12345',
      'xy12345.us-east-1': 'XY12345',
      'xy12345.west-europe.azure': 'XY12345',
      'xy12345.us-gov-west-1.fhplus.aws': 'XY12345',
      'xy12345.us-east-1.privatelink': 'XY12345',
      'coffee-lab.privatelink': 'COFFEE-LAB',
      'sales-coffee123.global': 'SALES',
    };
    const found = await Promise.all(
      Object.keys(names).map(async (account) => {
        const token = tokenIn(await source({ account }).get());
        return [account, claimsIn(token)['sub']];
      }),
    );
    assert.deepEqual(
      found,
      Object.entries(names).map(([account, name]) => [account, `${name}.ALICE`]),
    );
  });

  it('mints the next JWT before Snowflake would find one too old, and uses one for a burst of calls', async (t) => {
    const { snowflake, login, source: start } = await lab(t);
    const source = start({ lifetimeSeconds: 3600 });
    const first = await source.get();
    const burst = await source.get();
    source.later(25);
    snowflake.shiftClock(25);
    const second = await source.get();
    assert.deepEqual(
      { burst: burst.id === first.id, renewed: second.id !== first.id, who: await login(second) },
      { burst: true, renewed: true, who: 'ALICE' },
    );
    // What the cache would have kept: good for an hour by its own word, and refused.
    snowflake.shiftClock(65);
    assert.equal(await login(first), '394302');
  });

  it('is let in while the clocks differ by some seconds, to both sides', async (t) => {
    const { snowflake, login, source } = await lab(t);
    const outcomes: (string | undefined)[] = [];
    for (const seconds of [-8, 0, 20, 45, -30, 90]) {
      snowflake.shiftClock(seconds);
      outcomes.push(await login(await source().get()));
    }
    assert.deepEqual(outcomes, ['ALICE', 'ALICE', 'ALICE', 'ALICE', '394302', '394302']);
  });

  it('mints anew after a rejection, with the key that is in the file by then', async (t) => {
    const { snowflake, folder, login, source: start } = await lab(t);
    const rotated = newKeyPair(3072);
    const file = path.join(folder, 'rotating.p8');
    await writeFile(file, newKeyPair().privateKey.export(pkcs8), { mode: 0o600 });
    const source = start({ privateKeyFile: file });
    const first = await source.get();
    const before = await login(first);
    await writeFile(file, rotated.privateKey.export(pkcs8));
    snowflake.addPublicKey('alice', pemOf(rotated.publicKey));
    const second = await source.get({ rejected: first.id });
    assert.deepEqual([before, await login(second), second.id !== first.id], ['394304', 'ALICE', true]);
  });

  it('asks for the passphrase of an encrypted key, and says so when it is missing or wrong', async (t) => {
    const { encryptedFile: privateKeyFile, login, source } = await lab(t);
    const stored = (value: string) => ({ passphrase: { id: 'one', value } });
    assert.equal(await login(await source({ privateKeyFile }, stored(passphrase)).get()), 'ALICE');
    for (const secrets of [{}, stored('CANARY wrong')]) {
      const failing = source({ privateKeyFile }, secrets);
      assert.deepEqual(saidBy(await failing.fails(), secretsOf(failing)), {
        code: 'DP-KEY-PASSPHRASE',
        params: { connection: 'sales', file: privateKeyFile },
      });
    }
    assert.deepEqual(snowflakeKeyPair.secrets?.({}), [
      { name: 'passphrase', title: 'passphrase of the private key', kind: 'password', required: false },
    ]);
  });

  it('does not use a key that others can read', async (t) => {
    if (process.platform === 'win32') return t.skip('Windows has no such bits');
    const { keyFile, source } = await lab(t);
    await chmod(keyFile, 0o644);
    assert.equal((await source().fails()).code, 'DP-KEY-FILE');
  });
});
