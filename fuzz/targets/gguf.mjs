import { openGguf } from '../../dist-fuzz/formats/index.js';
import { smallGguf } from '../../dist-fuzz/seeds/build-gguf.js';
import { languageModel } from '../language-model.mjs';
import { checkTensors, strictSource } from '../sources.mjs';

/** A GGUF: its header and its tensors. */
export default {
  rooms: ['formats'],
  kind: 'bytes',
  seeds: () => [smallGguf().bytes, languageModel()],
  read: (bytes) => openGguf(strictSource(bytes)),
  check: checkTensors,
};
