import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { readTextNow, writeWhole } from '../files/index.js';
import { packageFile } from '../package.js';
import { embeddedJson, html, trusted } from '../report/index.js';
import type { TraceTensors } from '../trace/index.js';
import { readTracePage } from './read-page.js';

/**
 * Writes a trace as one page that needs nothing else: its program, with the licences of what it contains, its style and its
 * numbers are in it. Its content security policy allows only these, by their hashes, and no request.
 * @returns what the page leaves out, in sentences
 * @throws HoldfastError `E_UNWRITABLE`, and as `readTracePage` does
 */
export async function writeTracePage(file: string, trace: TraceTensors): Promise<readonly string[]> {
  const { data, numbers } = await readTracePage(trace);
  const built = (name: string): string => readTextNow(packageFile(`dist/trace-page/page/${name}`));
  // In a string or a pattern, the only places where these can be, the backslash changes nothing.
  const script = built('page.js').replaceAll(/<(?=\/script|!--)/g, '<\\');
  const style = built('page.css');
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const zipped = gzipSync(new Uint8Array(numbers.buffer)).toString('base64');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Trace of ${data.model}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
<div id="app"><noscript>This page needs JavaScript.</noscript></div>
<script type="application/json" id="trace-data">${embeddedJson(data)}</script>
<script type="application/octet-stream" id="trace-numbers">${zipped}</script>
<script>${trusted(script)}</script>
<script type="text/plain" id="licences">${built('licences.md')}</script>
</body>
</html>
`;
  await writeWhole(file, [new TextEncoder().encode(page.markup)]);
  return data.notes;
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
