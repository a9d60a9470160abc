// Serves this repository on loopback, so that the page in examples/browser can be opened: modules and WebGPU need an
// address, not a file.
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
/** Folders that the page and its tests read. */
const SERVED = ['dist', 'examples', 'models', 'node_modules', 'test'];
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
};

/** The file that is asked for; null where there is none, or it is none of the page's business. */
function fileFor(url) {
  const path = normalize(decodeURIComponent(new URL(url, 'http://localhost').pathname));
  if (!SERVED.includes(path.split(sep)[1])) return null;
  const file = join(root, path.endsWith(sep) ? `${path}index.html` : path);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

const server = createServer((request, response) => {
  let file = null;
  try {
    // Another site's page may have its name point here, and would read what is served; its requests carry its name.
    const { hostname } = new URL(`http://${request.headers.host}`);
    if (hostname === '127.0.0.1' || hostname === 'localhost') file = fileFor(request.url);
  } catch {
    // An address that is none.
  }
  if (file === null) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
  // A file that is gone meanwhile, or a reader that is: nobody is left to be told.
  pipeline(createReadStream(file), response, () => {});
});
server.listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/examples/browser/\n`);
});
