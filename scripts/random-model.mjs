// Writes a model with random weights, to try a family that has no other model yet. Its tensors follow from config.json;
// tokenizer and chat template are copied.
//
//     npm run random-model -- CONFIG_FOLDER OUT [--seed N]
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tensorShapes } from '../dist/architectures/index.js';
import { encodeSafetensors } from '../dist/formats/index.js';
import { SIDE_FILES } from '../dist/hub/side-files.js';
import { createRandom } from '../dist/random.js';

/** Matrices keep the variance of their input: uniform with variance 1/in. Norms and biases are 0.5 to 1.5. */
function randomTensor(shape, random) {
  const size = shape.reduce((product, length) => product * length, 1);
  const [centre, width] = shape.length === 1 ? [1, 0.5] : [0, Math.sqrt(3 / shape[1])];
  return Float32Array.from({ length: size }, () => centre + width * (2 * random() - 1));
}

function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string', default: '1' } },
  });
  const [from, out] = positionals;
  if (positionals.length !== 2 || !/^\d+$/.test(values.seed)) {
    throw new Error('usage: npm run random-model -- CONFIG_FOLDER OUT [--seed N]');
  }
  if (existsSync(out)) throw new Error(`${out} exists: give a new folder`);
  const random = createRandom(Number(values.seed));
  const tensors = [...tensorShapes(JSON.parse(readFileSync(join(from, 'config.json'), 'utf8')))].map(
    ([name, shape]) => ({ name, type: 'F32', shape, data: randomTensor(shape, random) }),
  );
  mkdirSync(out, { recursive: true });
  for (const file of SIDE_FILES.filter((file) => existsSync(join(from, file)))) {
    copyFileSync(join(from, file), join(out, file));
  }
  writeFileSync(join(out, 'model.safetensors'), Buffer.concat(encodeSafetensors(tensors)));
  console.log(`${out}: ${tensors.length} tensors`);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
