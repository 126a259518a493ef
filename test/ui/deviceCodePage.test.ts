import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { encode } from 'uqr';

import { type DeviceCodePage, deviceCodePage } from '../../src/ui/deviceCodePage.ts';

const page: DeviceCodePage = {
  language: 'en',
  nonce: 'bm9uY2U=',
  title: 'Sign in at Acme',
  intro: 'Log in.',
  codeLabel: 'Code',
  code: 'WDJB-MJHT',
  addressLabel: 'Address',
  address: 'https://login.acme.example/device',
  scan: 'Scan this',
  qrAddress: 'https://login.acme.example/device?user_code=WDJB-MJHT&x=1',
  qrLabel: 'QR code of the address https://login.acme.example/device',
  open: 'Copy Code and Open Page',
  cancel: 'Cancel',
  caution: 'Confirm only your own.',
};

describe('the page of a device code', () => {
  test('allows nothing but its own style and script', () => {
    const html = deviceCodePage(page);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    assert.equal(
      policy,
      "default-src 'none'; style-src 'nonce-bm9uY2U='; script-src 'nonce-bm9uY2U='; base-uri 'none'; form-action 'none'",
    );
    // Neither would pass the policy, and both are how a page grows things that it should not have.
    assert.doesNotMatch(html, / style=| on\w+=| src=| href=/);
  });

  test('shows text as text, whatever the provider put into it', () => {
    const evil = `"><img src=x onerror='alert(1)'>&`;
    const html = deviceCodePage({ ...page, title: evil, code: evil, address: evil, qrLabel: evil });
    assert.doesNotMatch(html, /<img|onerror='/);
    assert.match(html, /&#34;&#62;&#60;img src=x onerror=&#39;alert\(1\)&#39;&#62;&#38;/);
  });

  test('has the code and the address as text, and spells the code for those who listen', () => {
    const html = deviceCodePage(page);
    assert.match(html, /<span aria-hidden="true">WDJB-MJHT<\/span>/);
    assert.match(html, /Code: W D J B - M J H T/);
    assert.match(html, /<span class="address">https:\/\/login\.acme\.example\/device<\/span>/);
    assert.match(html, /<svg role="img" aria-label="QR code of the address/);
  });

  test('draws the QR code module by module, dark on light', () => {
    const { data, size } = encode(page.qrAddress, { ecc: 'M', border: 4 });
    const html = deviceCodePage(page);
    const drawn = [...html.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x},${y}`);
    const dark = data.flatMap((row, y) => row.flatMap((is, x) => (is ? [`${x},${y}`] : [])));
    assert.deepEqual(drawn, dark);
    assert.match(html, new RegExp(`viewBox="0 0 ${size} ${size}"`));
    assert.match(html, /<path fill="#fff"[^>]*><path fill="#000"/);
  });

  test('leaves the QR code out where an address is too long for one', () => {
    const html = deviceCodePage({ ...page, qrAddress: `https://login.acme.example/${'x'.repeat(5000)}` });
    assert.doesNotMatch(html, /<svg|Scan this/);
    assert.match(html, /WDJB-MJHT/);
  });
});
