import { openLlama, packageVersion } from '../llama.mjs';
import { TEXTS } from './texts.mjs';

/** @typedef {import('node-llama-cpp').Token[]} Tokens */

/**
 * Settings of llama.cpp. Its products of quantised weights round activations to 8 bits, and its default cache holds 16
 * bits; on a copy of the weights in F32, with a cache of F32, it rounds nothing below 32 bits but the table of its GELU.
 *
 * @type {Readonly<Record<'exact' | 'stored', import('./records.d.ts').PeerSetting>>}
 */
export const SETTINGS = {
  exact: { id: 'exact', title: 'F32 copy, F32 cache', flashAttention: false, cacheType: 'F32' },
  stored: { id: 'stored', title: 'as stored, F16 cache', flashAttention: 'auto', cacheType: 'F16' },
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
      rows.push(await rowsOf(sequence, continuation, vocabSize));
    }
    const { bos, shouldPrependBosToken: addsBos } = model.tokens;
    return {
      version: packageVersion(),
      release: llama.llamaCppRelease.release,
      texts: Object.entries(TEXTS).map(([name, text]) => ({
        name,
        asWords: /** @type {number[]} */ (model.tokenize(text)),
        asTemplate: /** @type {number[]} */ (model.tokenize(text, true)),
      })),
      chats: chats.map(({ name, text }) => ({
        name,
        text,
        ids: /** @type {number[]} */ (model.tokenize(text, true)),
      })),
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
 * Returns the logits after the tokens of a continuation: the prompt in one piece, then token by token.
 *
 * @param {import('node-llama-cpp').LlamaContextSequence} sequence
 * @param {import('./records.d.ts').Continuation} continuation
 * @param {number} vocabSize
 * @returns {Promise<Float32Array[]>}
 */
async function rowsOf(sequence, { ids, promptLength, from }, vocabSize) {
  const tokens = /** @type {Tokens} */ ([...ids]);
  /** @type {(token: Tokens[number]) => import('node-llama-cpp').ControlledEvaluateInputItem} */
  const wanted = (token) => [token, { generateNext: { logits: true, options: { temperature: 0 } } }];
  const rows = [];
  const pieces = [
    [...tokens.slice(0, from), ...tokens.slice(from, promptLength).map(wanted)],
    // No row follows the last token: nothing is chosen after it.
    ...tokens.slice(promptLength, -1).map((token) => [wanted(token)]),
  ];
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
