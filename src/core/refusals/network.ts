import type { KnownRefusal } from './refusal.ts';

const AWAY = [
  'DP-DATABASE-UNREACHABLE',
  'DP-MCP-UNREACHABLE',
  'DP-PROVIDER-UNREACHABLE',
  'DP-TOKEN-SERVICE-UNREACHABLE',
] as const;
const CERTIFICATE = ['DP-DATABASE-CERTIFICATE', 'DP-MCP-CERTIFICATE', 'DP-PROVIDER-CERTIFICATE'] as const;
const proxied = (sign: string, pattern: RegExp, [cause, fix]: readonly [string, string]) =>
  ({ system: 'Network', sign, codes: AWAY, where: { reason: pattern }, who: 'network', cause, fix }) as const;

/** What stands between this machine and the other side (codes of Node.js, https://nodejs.org/api/errors.html#common-system-errors). */
export const networkRefusals = [
  {
    ...proxied('407 of a proxy', /HTTP status 407|wants another user and password/, [
      'The proxy wants a user and a password, or other ones. Nobody behind it was asked.',
      'Set http.proxy with user and password in front of its host, as user:password and a @, or ask whoever runs the network for a way without.',
    ]),
    who: 'user',
  },
  proxied('403 or 502 of a proxy', /does not let it through/, [
    'The proxy does not let this machine reach {host}. Nobody behind it was asked.',
    'Ask whoever runs the network to allow {host}. If it must be reached directly, add it to http.noProxy.',
  ]),
  proxied('the proxy does not answer', /the proxy .* does not answer/, [
    'The proxy of the editor (http.proxy) can not be reached.',
    'Check http.proxy, and whether the VPN is up; without a proxy empty the setting.',
  ]),
  {
    system: 'Network',
    sign: 'ENOTFOUND',
    codes: AWAY,
    where: { reason: /ENOTFOUND/ },
    who: 'user',
    cause:
      'No address is known for the name of the host: it is misspelled, or it is known inside the network of the company alone.',
    fix: 'Check the name in the settings. If it is right, connect to the VPN of your company.',
    type: [{ language: 'shell', text: 'nslookup {hostName}' }],
    remedy: 'openSettings',
  },
  proxied('EAI_AGAIN', /EAI_AGAIN/, [
    'Names can not be looked up at all: this machine has no network, or its name server does not answer.',
    'Check the network connection and the VPN.',
  ]),
  {
    system: 'Network',
    sign: 'ECONNREFUSED',
    codes: ['DP-DATABASE-UNREACHABLE', 'DP-MCP-UNREACHABLE'],
    where: { reason: /ECONNREFUSED/ },
    who: 'system',
    cause: 'The host is there, and nothing takes connections at {host}: the server is down, or it is another port.',
    fix: 'Check the port in the settings. If it is right, ask the administrator whether the server runs.',
  },
  {
    system: 'Network',
    sign: 'ECONNREFUSED',
    codes: ['DP-PROVIDER-UNREACHABLE', 'DP-TOKEN-SERVICE-UNREACHABLE'],
    where: { reason: /ECONNREFUSED/ },
    who: 'identityProvider',
    cause:
      'The host is there, and nothing takes connections at its address: the service is down, or it is another port.',
    fix: 'Check the address in the settings. If it is right, ask the administrator whether the service runs.',
  },
  {
    system: 'Network',
    sign: 'no login, no answer within some seconds',
    codes: ['DP-DATABASE-UNREACHABLE'],
    where: { reason: /no (?:login|answer) within/ },
    who: 'system',
    cause:
      'The host takes connections and then says nothing in time: it is overloaded, or something in front of it holds the answer back.',
    fix: 'Try again. If it stays, ask the administrator of the database, with the time of this report.',
  },
  proxied('ETIMEDOUT, EHOSTUNREACH, ENETUNREACH', /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|CONNECT_TIMEOUT|no answer/, [
    'Nothing came back: a firewall drops the packets, the VPN is not up, or the host is off.',
    'Connect to the VPN. If it is up, ask whoever runs the network whether this machine may reach {host}.',
  ]),
  proxied('ECONNRESET, a connection closed', /ECONNRESET|EPIPE|closed during login|socket/i, [
    'The connection was closed in the middle, as firewalls and proxies do with what they do not allow.',
    'Ask whoever runs the network whether this machine may reach {host}.',
  ]),
  {
    system: 'Network',
    sign: 'a web page answered',
    codes: AWAY,
    where: { reason: /web page answered|something else answered/ },
    who: 'network',
    cause: 'A page answered in the place of the other side: the log-in page of a network, or a proxy.',
    fix: 'Open any page in a browser: if the network asks you to log in, do so. Otherwise ask whoever runs the proxy to pass {host}.',
  },
  {
    system: 'Network',
    sign: 'HTTP status 5xx, 429',
    codes: ['DP-PROVIDER-UNREACHABLE', 'DP-TOKEN-SERVICE-UNREACHABLE', 'DP-DATABASE-UNREACHABLE'],
    where: { reason: /HTTP status (?:5\d\d|429)/ },
    who: 'nobody',
    cause: 'The other side answers that it is down or overloaded.',
    fix: 'Try again in a few minutes.',
  },
  {
    system: 'Network',
    sign: 'ERR_TLS_CERT_ALTNAME_INVALID, HOSTNAME_MISMATCH',
    codes: CERTIFICATE,
    where: { reason: /ALTNAME|HOSTNAME_MISMATCH/ },
    who: 'user',
    cause:
      'The certificate is for another name than {hostName}: the settings have an alias or an IP address, or the connection ends at another machine.',
    fix: 'Set the host to the name that the certificate is for. If it is right, whoever runs the server must have its name added to the certificate.',
    type: [
      {
        language: 'shell',
        text: 'openssl s_client -connect {place} -servername {hostName} </dev/null | openssl x509 -noout -ext subjectAltName',
      },
    ],
    remedy: 'openSettings',
  },
  {
    system: 'Network',
    sign: 'CERT_HAS_EXPIRED',
    codes: CERTIFICATE,
    where: { reason: /CERT_HAS_EXPIRED/ },
    who: 'system',
    cause: 'The certificate of {hostName} has ended, if the clock of this machine is right.',
    fix: 'Look at the clock of this machine. If it is right, whoever runs the server must renew the certificate.',
  },
  {
    system: 'Network',
    sign: 'CERT_NOT_YET_VALID',
    codes: CERTIFICATE,
    where: { reason: /CERT_NOT_YET_VALID/ },
    who: 'user',
    cause: 'The certificate begins in the future: the clock of this machine is behind.',
    fix: 'Set the clock of this machine (let the operating system set it from the network).',
  },
  {
    system: 'Network',
    sign: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    codes: CERTIFICATE,
    where: { reason: /DEPTH_ZERO_SELF_SIGNED_CERT/ },
    who: 'system',
    cause: 'The server shows a certificate that it made itself, which nobody can check.',
    fix: 'Have the server get a certificate of an authority, or install its certificate in the operating system and restart the editor.',
  },
  {
    system: 'Network',
    sign: 'SELF_SIGNED_CERT_IN_CHAIN, UNABLE_TO_VERIFY_LEAF_SIGNATURE, UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    codes: CERTIFICATE,
    where: { reason: /SELF_SIGNED|UNABLE_TO/ },
    who: 'network',
    cause:
      'The certificate was made by an authority that this machine does not know: that of a network that looks into connections, or of the company.',
    fix: 'Ask whoever runs the network for its certificate authority, install it in the operating system and restart the editor. Where that can not be done, switch http.systemCertificates off and name its file in NODE_EXTRA_CA_CERTS.',
  },
] as const satisfies readonly KnownRefusal[];
