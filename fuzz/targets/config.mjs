import { deepStrictEqual } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { planModel, tensorShapes } from '../../dist-fuzz/architectures/index.js';
import { byteLengthOf } from '../../dist-fuzz/formats/index.js';
import { jsonOf, refuse } from '../sources.mjs';

const MODELS = new URL('../../test/fixtures/models/', import.meta.url);
const MOST_TENSORS = 5000;

/** A config.json. A file with just the tensors that it states is a whole model. */
export default {
  rooms: ['architectures'],
  kind: 'json',
  seeds: () =>
    readdirSync(MODELS).flatMap((name) =>
      ['config.json', 'config.v4.json'].map(
        (file) => new Uint8Array(readFileSync(new URL(`${name}/${file}`, MODELS))),
      ),
    ),
  read(bytes) {
    const config = jsonOf(bytes);
    const shapes = tensorShapes(config);
    if (shapes.size > MOST_TENSORS) refuse('it states more tensors than a check can list');
    return { config, shapes };
  },
  async check({ config, shapes }) {
    const tensors = new Map();
    for (const [name, shape] of shapes) {
      const byteLength = byteLengthOf(
        'F32',
        shape.reduce((product, size) => product * size, 1),
      );
      tensors.set(name, { name, type: 'F32', shape, offset: 0, byteLength, source: null });
    }
    const checkpoint = { format: 'safetensors', name: 'input', tensors, metadata: new Map() };
    const { blueprint } = await planModel(checkpoint, config);
    deepStrictEqual(JSON.parse(JSON.stringify(blueprint)), blueprint);
  },
};
