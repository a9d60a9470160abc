import { deepStrictEqual } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { canonicalJson, parseSpec } from '../../dist-fuzz/study/index.js';
import { decodeUtf8 } from '../../dist-fuzz/utf8.js';

const ROOT = new URL('../../', import.meta.url);

/** A study's YAML. The specification that it gives can be written as JSON and read as the same. */
export default {
  rooms: ['study/spec', 'attention', 'scenario'],
  kind: 'text',
  longest: 8192,
  seeds: () => [
    new Uint8Array(Buffer.from('name: small\nsources: organism\narms: [off]\n')),
    new Uint8Array(
      Buffer.from('name: a\nsources: &s [organism, {organism: {rounds: 3}}]\narms: [off, repeat: 4]\n'),
    ),
    ...['examples/study.yaml', ...experiments()].map(
      (path) => new Uint8Array(readFileSync(new URL(path, ROOT))),
    ),
  ],
  run(bytes) {
    const spec = parseSpec(decodeUtf8(bytes, 'input'), 'input.yaml');
    deepStrictEqual(JSON.parse(canonicalJson(spec)), JSON.parse(JSON.stringify(spec)));
  },
};

const experiments = () =>
  readdirSync(new URL('experiments/', ROOT))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `experiments/${name}`);
