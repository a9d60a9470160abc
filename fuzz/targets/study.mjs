import { strictEqual } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { canonicalJson, parseSpec } from '../../dist-fuzz/study/index.js';
import { readYaml } from '../../dist-fuzz/study/spec/yaml-tree.js';
import { decodeUtf8 } from '../../dist-fuzz/utf8.js';
import { refuse } from '../sources.mjs';

const ROOT = new URL('../../', import.meta.url);

/** Aliases can make a file of a few bytes far longer, and a file that is longer than this is refused. */
const LONGEST = 2 ** 18;

/** A study's YAML. The same file written as JSON, which is YAML too, gives the same specification. */
export default {
  rooms: ['study/spec', 'attention', 'scenario'],
  kind: 'text',
  longest: 8192,
  seeds: () => [
    new Uint8Array(Buffer.from('name: small\nsources: organism\narms: [off]\n')),
    new Uint8Array(
      Buffer.from(
        'name: a\nsources: [organism, {organism: {name: b, rounds: &n 3}}]\narms: [off, repeat: *n ]\n',
      ),
    ),
    ...['examples/study.yaml', ...experiments()].map(
      (path) => new Uint8Array(readFileSync(new URL(path, ROOT))),
    ),
  ],
  read(bytes) {
    const text = decodeUtf8(bytes, 'input');
    const spec = specOf(text);
    const json = jsonOf(readYaml(text).tree);
    return json.length > LONGEST ? refuse('it is too long as JSON') : { spec, json };
  },
  check({ spec, json }) {
    strictEqual(specOf(json), spec);
  },
};

const specOf = (text) => canonicalJson(parseSpec(text, 'input.yaml'));

/** Not by JSON.stringify of an object: that would put keys that look like numbers first. */
function jsonOf(tree) {
  if (tree.kind === 'scalar') return JSON.stringify(tree.value);
  if (tree.kind === 'list') return `[${tree.items.map(jsonOf).join()}]`;
  return `{${tree.entries.map(({ key, value }) => `${JSON.stringify(key)}:${jsonOf(value)}`).join()}}`;
}

const experiments = () =>
  readdirSync(new URL('experiments/', ROOT))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `experiments/${name}`);
