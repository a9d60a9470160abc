import { connect } from 'node:net';

/** Sends bytes as they are, and returns what comes back until the connection ends or the answer is complete. */
export async function raw(port: number, bytes: string, until = /\r\n\r\n/): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (until.test(text)) break;
  }
  socket.destroy();
  return text;
}

/** Returns a GET request with these headers. */
export const get = (path: string, headers: readonly string[]): string =>
  `GET ${path} HTTP/1.1\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;

/** Returns the status of an answer; 0 for none. */
export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

/** Returns the request of a chat that takes long, as a stream or not. */
export const longChat = (port: number, stream: boolean, headers: readonly string[] = []): string => {
  const messages = [{ role: 'user', content: 'hello' }];
  const body = JSON.stringify({ messages, stream, max_tokens: 200, logit_bias: { 5: 100 } });
  return [
    'POST /v1/chat/completions HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
};
