import { randomUUID } from 'node:crypto';

/** An answer before it is written. */
export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Nested elements; `undefined` leaves one out. */
export interface Elements {
  readonly [name: string]: string | Elements | undefined;
}

const xmlEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** A document of the query protocol (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html). */
export function xmlReply(status: number, root: string, namespace: string, elements: Elements): AwsReply {
  const body = `<${root} xmlns="${namespace}">\n${written(elements, '  ')}</${root}>\n`;
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() }, body };
}

export function xmlError(status: number, code: string, message: string, namespace: string): AwsReply {
  const Type = status >= 500 ? 'Receiver' : 'Sender';
  return xmlReply(status, 'ErrorResponse', namespace, {
    Error: { Type, Code: code, Message: message },
    RequestId: randomUUID(),
  });
}

/** An answer of the JSON 1.1 protocol (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html). */
export function jsonReply(status: number, body: Readonly<Record<string, unknown>>): AwsReply {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() };
  return { status, headers, body: JSON.stringify(body) };
}

export function jsonError(type: string, message: string): AwsReply {
  return jsonReply(400, { __type: type, message });
}

function written(elements: Elements, indent: string): string {
  return Object.entries(elements)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) =>
      typeof value === 'object'
        ? `${indent}<${name}>\n${written(value, `${indent}  `)}${indent}</${name}>\n`
        : `${indent}<${name}>${(value ?? '').replaceAll(/[&<>"]/g, (character) => xmlEscapes[character] ?? '')}</${name}>\n`,
    )
    .join('');
}
