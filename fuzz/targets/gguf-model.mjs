import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { planModel } from '../../dist-fuzz/architectures/index.js';
import { HoldfastError } from '../../dist-fuzz/errors.js';
import { openGguf } from '../../dist-fuzz/formats/index.js';
import { compileTemplate, templateFromGguf, tokenizerFromGguf } from '../../dist-fuzz/text/index.js';
import { checkEncodings, encodeTexts } from '../encodings.mjs';
import { languageModel } from '../language-model.mjs';
import { strictSource } from '../sources.mjs';

/** The model, the tokenizer and the template that a GGUF's metadata describe. */
export default {
  rooms: ['formats', 'architectures', 'text'],
  kind: 'bytes',
  seeds: () => [languageModel()],
  async read(bytes) {
    const checkpoint = await openGguf(strictSource(bytes));
    const readings = await Promise.allSettled(READERS.map(async (reader) => reader(checkpoint)));
    // All three are read, whichever of them is refused. What is no refusal is the worse of two errors.
    const reasons = readings.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
    if (reasons.length > 0) throw reasons.find((reason) => !(reason instanceof HoldfastError)) ?? reasons[0];
    const [plan, template, words] = readings.map(({ value }) => value);
    return { checkpoint, plan, template, ...words };
  },
  check({ checkpoint, plan, template, tokenizer, encodings }) {
    for (const { tensor } of plan.weights.values()) ok(checkpoint.tensors.has(tensor), `no tensor ${tensor}`);
    deepStrictEqual(JSON.parse(JSON.stringify(plan.blueprint)), plan.blueprint);
    strictEqual(template.source, checkpoint.metadata.get('tokenizer.chat_template'));
    checkEncodings(tokenizer, encodings);
  },
};

const READERS = [
  planModel,
  ({ metadata }) => compileTemplate(templateFromGguf(metadata, 'input'), 'input'),
  ({ metadata }) => {
    const tokenizer = tokenizerFromGguf(metadata, 'input');
    return { tokenizer, encodings: encodeTexts(tokenizer) };
  },
];
