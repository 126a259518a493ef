import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** In PEM, as companies hand it out. */
  readonly cert: string;
  /** A certificate for these DNS names. */
  issue(...names: readonly string[]): Certificate;
}

const hour = 3_600_000;

/** A certificate authority of its own, as a company has one. Keys live in memory. */
export function certificateAuthority(commonName: string): CertificateAuthority {
  const own = newKeys();
  const name = distinguishedName(commonName);
  const isAuthority = extension('551d13', der(0x30, der(0x01, Buffer.from([0xff]))));
  const body = { subject: name, issuer: name, publicKey: own.publicKey, extensions: [isAuthority] };
  const cert = signed(body, own.privateKey);
  return {
    cert,
    issue(...names) {
      const keys = newKeys();
      const alternatives = names.map((each) => der(0x82, Buffer.from(each)));
      const extensions = [extension('551d11', der(0x30, ...alternatives))];
      const subject = distinguishedName(names[0] ?? '');
      return {
        cert: signed({ subject, issuer: name, publicKey: keys.publicKey, extensions }, own.privateKey) + cert,
        key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

/** A fresh self-signed certificate for one DNS name, in PEM, to be trusted by giving it as its own authority. */
export function selfSigned(name: string): Certificate {
  const { publicKey, privateKey } = newKeys();
  const subject = distinguishedName(name);
  const extensions = [extension('551d11', der(0x30, der(0x82, Buffer.from(name))))];
  return {
    cert: signed({ subject, issuer: subject, publicKey, extensions }, privateKey),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface Body {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

let serial = 0;

/** RFC 5280 section 4.1, in DER. */
function signed({ subject, issuer, publicKey, extensions }: Body, by: KeyObject): string {
  serial += 1;
  const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial])),
    ecdsaWithSha256,
    issuer,
    der(0x30, time(Date.now() - hour), time(Date.now() + hour)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, by));
  const base64 = der(0x30, body, ecdsaWithSha256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  const text = der(0x0c, Buffer.from(commonName));
  return der(0x30, der(0x31, der(0x30, der(0x06, Buffer.from('550403', 'hex')), text)));
}

function extension(identifier: string, value: Buffer): Buffer {
  return der(0x30, der(0x06, Buffer.from(identifier, 'hex')), der(0x04, value));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const head = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length];
  return Buffer.concat([Buffer.from(head), value]);
}

function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, '');
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}
