import { openLlama, packageVersion } from '../llama.mjs';
import { TEXTS } from './texts.mjs';

/**
 * Settings of llama.cpp. `stored` is what its users run: it generates token by token, its products of quantised weights
 * round activations to 8 bits, and its cache has 16 bits. `exact` is as precise as it gets: from a copy of the weights in
 * F32, with a cache of F32, nothing is rounded to fewer bits but the table of its GELU. It reads 16 tokens at a time, which
 * is faster.
 *
 * @type {Readonly<Record<'exact' | 'stored', import('./records.d.ts').PeerSetting>>}
 */
export const SETTINGS = {
  exact: {
    ...{ id: 'exact', title: 'F32 copy, F32 cache' },
    ...{ flashAttention: false, cacheType: 'F32', step: 16 },
  },
  stored: {
    ...{ id: 'stored', title: 'as stored, F16 cache' },
    ...{ flashAttention: 'auto', cacheType: 'F16', step: 1 },
  },
};

/**
 * Reads everything from llama.cpp: the ids of the same texts, and the logits after the same tokens.
 *
 * @param {string} modelPath
 * @param {number} threads
 * @param {import('./records.d.ts').PeerSetting} setting
 * @param {import('./records.d.ts').Ours} ours
 * @returns {Promise<import('./records.d.ts').PeerReading>}
 */
export async function readPeer(modelPath, threads, setting, { chats, continuations, vocabSize }) {
  const llama = await openLlama(threads);
  try {
    const model = await llama.loadModel({ modelPath });
    const context = await model.createContext({
      contextSize: Math.max(...continuations.map(({ ids }) => ids.length)),
      sequences: 1,
      batchSize: 512,
      threads: { ideal: threads, min: threads },
      flashAttention: setting.flashAttention,
      experimentalKvCacheKeyType: setting.cacheType,
      experimentalKvCacheValueType: setting.cacheType,
    });
    const sequence = context.getSequence();
    const rows = [];
    for (const continuation of continuations) {
      await sequence.clearHistory();
      rows.push(await rowsOf(sequence, continuation, vocabSize, setting.step));
    }
    const { bos, shouldPrependBosToken: addsBos } = model.tokens;
    return {
      version: packageVersion(),
      release: llama.llamaCppRelease.release,
      texts: Object.entries(TEXTS).map(([name, text]) => ({
        name,
        ...bothIds(model, text),
        composed: bothIds(model, text.normalize('NFC')),
      })),
      retyped: retypedTokens(model),
      chats: chats.map(({ name, text }) => ({ name, text, ids: bothIds(model, text).asTemplate })),
      ends: {
        bos: /** @type {number | null} */ (bos),
        addsBos,
        endOfTurn: [...model.iterateAllTokens()].filter((id) => model.isEogToken(id)).map(Number),
      },
      rows,
    };
  } finally {
    await llama.dispose();
  }
}

/**
 * @param {import('node-llama-cpp').LlamaModel} model
 * @param {string} text
 */
function bothIds(model, text) {
  return {
    asWords: /** @type {number[]} */ (model.tokenize(text)),
    asTemplate: /** @type {number[]} */ (model.tokenize(text, true)),
  };
}

/** GGUF's number for control tokens in `tokenizer.ggml.token_type`. */
const CONTROL = 3;

/**
 * Returns the texts of tokens whose type llama.cpp changed: it takes some that look like control tokens for such.
 *
 * @param {import('node-llama-cpp').LlamaModel} model
 * @returns {string[]}
 */
function retypedTokens(model) {
  const { tokens, token_type: types } = model.fileInfo.metadata.tokenizer.ggml;
  return [...model.iterateAllTokens()]
    .filter((id) => types !== undefined && model.getTokenAttributes(id).control !== (types[id] === CONTROL))
    .map((id) => tokens[id]);
}

/**
 * Returns the logits after the tokens of a continuation. The prompt is read in one piece.
 *
 * @param {import('node-llama-cpp').LlamaContextSequence} sequence
 * @param {import('./records.d.ts').Continuation} continuation
 * @param {number} vocabSize
 * @param {number} step tokens to read at once after the prompt
 * @returns {Promise<Float32Array[]>}
 */
async function rowsOf(sequence, { ids, promptLength, from }, vocabSize, step) {
  // No row follows the last token: nothing is chosen after it.
  const tokens = /** @type {import('node-llama-cpp').Token[]} */ (ids.slice(0, -1));
  const items = tokens.map((token, at) =>
    at < from
      ? token
      : /** @type {import('node-llama-cpp').ControlledEvaluateInputItem} */ ([
          token,
          { generateNext: { logits: true, options: { temperature: 0 } } },
        ]),
  );
  const pieces = [items.slice(0, promptLength)];
  for (let at = promptLength; at < items.length; at += step) pieces.push(items.slice(at, at + step));
  const rows = [];
  for (const piece of pieces) {
    for (const output of await sequence.controlledEvaluate(piece)) {
      if (output?.next.logits === undefined) continue;
      const row = new Float32Array(vocabSize);
      for (const [id, logit] of output.next.logits) row[id] = logit;
      rows.push(row);
    }
  }
  return rows;
}
