import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filesUnder } from './support/module-names.js';

/** What turns bytes into text. */
const DECODES =
  /\bTextDecoder\b|\bStringDecoder\b|\bcreateInterface\b|\bsetEncoding\b|'(?:utf-?8|latin1|ascii|utf16le)'|\.(?:toString|text|json)\(\)/;

/** The files that may decode, and why. All others call `decodeUtf8`, `readText`, `readTextNow` or `textLines`. */
const MAY_DECODE: Readonly<Record<string, string>> = {
  'src/utf8.ts': 'the decoder',
  'src/formats/gguf-cursor.ts': 'a string in a binary file, where a byte order mark is kept',
  'src/formats/lfs-pointer.ts': 'a pointer is ASCII, and what is no pointer is not text',
  'src/formats/safetensors.ts': 'a header in a binary file, where a byte order mark is an error',
  'src/jinja/number-format.ts': "a number's digits",
  'src/jinja/repr.ts': "a number's digits",
  'src/text/decoders.ts': "tokens' bytes, which may be half a character",
  'src/text/gguf-decoder.ts': "tokens' bytes, which may be half a character",
  'src/hub/hub-cache.ts': 'a ref is the hash of a commit; anything else is no ref',
  'src/server/text-logprobs.ts': "tokens' bytes, which may be half a character",
  'src/study/folder/folder.ts': 'cells have a checksum, and a broken line of timings is skipped',
  'src/study/folder/packs.ts': 'addresses are hex digits',
  'src/cli/study/slurm.ts': 'what sbatch and squeue print: numbers and states',
  'src/executors/ggml/probe.ts': 'what a driver prints before it ends a process',
  'src/files/temporary-name.ts': "numbers in Linux' account of a process, whose name may be any bytes",
  'src/findings/browser-script.ts': "a function's source",
  'src/cli/terminal/keyboard.ts': 'keys typed on a terminal',
};

describe('text files', () => {
  it('are decoded in one place, but for a few that are listed with reasons', () => {
    const sources = [...filesUnder('src', /\.ts$/), ...filesUnder('kernels', /\.ts$/)];
    const decoding = sources.filter(
      (file) => !file.endsWith('.test.ts') && DECODES.test(readFileSync(file, 'utf8')),
    );
    expect(decoding.sort()).toEqual(Object.keys(MAY_DECODE).sort());
  });

  it.each([
    "readFileSync(file, 'utf8')",
    "new TextDecoder('utf-8')",
    'bytes.toString()',
    'await response.json()',
    'createInterface({ input })',
    "Buffer.from(bytes).toString('latin1')",
  ])('would be found in: %s', (code) => {
    expect(code).toMatch(DECODES);
  });
});
