import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { HoldfastError, isMissing } from '../errors.js';
import { decodeUtf8 } from '../utf8.js';

/** A file of the studio's page. */
interface PageFile {
  readonly type: string;
  readonly bytes: ArrayBuffer;
}

/** The studio's page: its files by their paths, such as `/assets/index.js`. `/` is the page itself. */
export type StudioPage = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * Reads the built page into memory: what a request names is looked up there, never on the disk. The page also runs without a
 * server; here it is told that there is one.
 * @throws HoldfastError `E_NOT_FOUND` if it is not built
 */
export async function readStudioPage(folder: string): Promise<StudioPage> {
  const page = new Map<string, PageFile>();
  for (const name of await filesIn(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const path = join(folder, name);
    page.set(`/${name.replaceAll('\\', '/')}`, { type, bytes: Uint8Array.from(await readFile(path)).buffer });
  }
  const index = page.get('/index.html');
  if (index === undefined) throw notBuilt(folder);
  const text = decodeUtf8(new Uint8Array(index.bytes), join(folder, 'index.html')).replace(
    'name="holdfast-engine" content="browser"',
    'name="holdfast-engine" content="server"',
  );
  page.set('/', { type: index.type, bytes: Uint8Array.from(Buffer.from(text)).buffer });
  page.delete('/index.html');
  return page;
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder, { recursive: true });
  } catch (cause) {
    if (isMissing(cause)) throw notBuilt(folder);
    throw cause;
  }
}

const notBuilt = (file: string): HoldfastError =>
  new HoldfastError('E_NOT_FOUND', 'the page of the studio is not built', {
    file,
    hint: 'In a clone, run npm run build',
  });
