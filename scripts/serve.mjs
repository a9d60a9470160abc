// Serves the repository on loopback for the page in examples/browser: modules and WebGPU do not work from file addresses.
//
//     npm run browser            [-- --port 8080]
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)));
/** Folders used by the page and its tests. */
const SERVED = ['dist', 'examples', 'models', 'node_modules', 'test'];
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};

/** Returns the requested file; null if it does not exist or is outside the served folders. */
function fileFor(url) {
  const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
  if (!SERVED.includes(path.split(sep)[1])) return null;
  const file = join(root, path.endsWith(sep) ? `${path}index.html` : path);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

const server = createServer((request, response) => {
  let file = null;
  try {
    // Refuse other host names: another site could point its name here (DNS rebinding) and read the files.
    const { hostname } = new URL(`http://${request.headers.host}`);
    if (hostname === '127.0.0.1' || hostname === 'localhost') file = fileFor(request.url);
  } catch {
    // The address is invalid: answer 404.
  }
  if (file === null) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
  // Ignore errors: the file or the client has gone, and the headers are already sent.
  pipeline(createReadStream(file), response, () => {});
});
server.listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/examples/browser/\n`);
});
