/** A hub on loopback for scripts: one repository, whose files arrive slowly, so that a download can be killed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

export const REPO = 'owner/model';
const COMMIT = 'c0ffee'.padEnd(40, '0');
const PIECE_BYTES = 16 * 1024;

/** Serves the files of a folder as the model `owner/model`. */
export async function startLocalHub(folder, everyMs = 2) {
  const files = new Map(
    ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']
      .filter((name) => readdirSync(folder).includes(name))
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
  const hashes = new Map([...files].map(([name, bytes]) => [name, hashOf(name, bytes)]));
  const server = createServer(async (request, response) => {
    response.on('error', () => {}); // its client was killed
    if (request.url.startsWith(`/api/models/${REPO}/`)) {
      const siblings = [...files].map(([name, bytes]) => sibling(name, bytes, hashes.get(name)));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ sha: COMMIT, siblings }));
      return;
    }
    const bytes = files.get(request.url.split('/').at(-1));
    if (bytes === undefined) {
      response.writeHead(404).end();
      return;
    }
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': bytes.length - start,
      ...(start > 0 ? range : {}),
    });
    for (let at = start; at < bytes.length && !response.destroyed; at += PIECE_BYTES) {
      response.write(bytes.subarray(at, at + PIECE_BYTES));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    response.end();
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const isLarge = (name) => name.endsWith('.safetensors');

function hashOf(name, bytes) {
  if (isLarge(name)) return createHash('sha256').update(bytes).digest('hex');
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

function sibling(name, { length: size }, hash) {
  const lfs = isLarge(name) ? { lfs: { sha256: hash, size } } : {};
  return { rfilename: name, size, blobId: isLarge(name) ? hash.slice(0, 40) : hash, ...lfs };
}
