import { loadModel } from 'holdfast';
import { layoutDialogue, parseMoment } from 'holdfast/text';
import { choice } from './logits.mjs';
import { ANSWERED_CHATS, CHATS, PROMPTS, TEXTS } from './texts.mjs';

/** Greedy tokens of each continuation. */
const GENERATED = 48;
/** Rows of the prompt that are compared: the last ones. */
const PROMPT_ROWS = 16;
/** The moment that templates with a date write: always the same, so that a run can be repeated. */
const NOW = parseMoment('2026-01-31');

/**
 * Reads everything from Holdfast's CPU executor in f32: ids, and greedy continuations with their logits.
 *
 * @param {string} path of a GGUF file
 * @param {number} threads
 * @returns {Promise<import('./records.d.ts').Ours>}
 */
export async function readOurs(path, threads) {
  const model = await loadModel(path, { executor: 'cpu', precision: 'f32', threads });
  try {
    const { tokenizer, plan, executor } = model;
    if (tokenizer === null) throw new Error(`${path} has no tokenizer`);
    const { bos, addsBos, endOfTurnIds } = tokenizer;
    const start = addsBos && bos !== null ? [bos.id] : [];
    const { chats, refused } = layOut(model.format);
    const prompts = [
      ...Object.entries(PROMPTS).map(([name, text]) => ({
        name,
        ids: [...start, ...tokenizer.encode(text)],
      })),
      ...chats.filter(({ name }) => ANSWERED_CHATS.includes(name)),
    ];
    const continuations = [];
    for (const { name, ids } of prompts) continuations.push(await continueText(executor, name, ids));
    return {
      architecture: plan.blueprint.architecture,
      layers: executor.blueprint.layers.length,
      vocabSize: executor.blueprint.vocabSize,
      texts: Object.entries(TEXTS).map(([name, text]) => ({
        name,
        asWords: tokenizer.encode(text),
        asTemplate: tokenizer.encode(text, { special: true }),
      })),
      chats,
      refused,
      ends: { bos: bos?.id ?? null, addsBos, endOfTurn: endOfTurnIds },
      continuations,
      textOf: (id) => tokenizer.decode([id]),
    };
  } finally {
    await model.dispose();
  }
}

/**
 * Lays out the chats with the model's template. A model without one has no chats.
 *
 * @param {import('holdfast/text').ChatFormat | null} format
 */
function layOut(format) {
  /** @type {import('./records.d.ts').TokenisedChat[]} */
  const chats = [];
  /** @type {{ name: string, reason: string }[]} */
  const refused = [];
  if (format === null)
    return { chats, refused: [{ name: 'chats', reason: 'the model has no chat template' }] };
  for (const [name, messages] of Object.entries(CHATS)) {
    try {
      const { text, ids } = layoutDialogue(format, messages, { addGenerationPrompt: true, now: NOW });
      chats.push({ name, text, ids });
    } catch (error) {
      const { code, message } = /** @type {{ code?: string, message: string }} */ (error);
      if (code !== 'E_TEMPLATE') throw error;
      refused.push({ name, reason: message });
    }
  }
  return { chats, refused };
}

/**
 * Continues a prompt greedily, token by token with the cache. It does not stop at the end of a turn, so that all
 * continuations have the same length.
 *
 * @param {import('holdfast/executors').Executor} executor
 * @param {string} name
 * @param {readonly number[]} prompt
 * @returns {Promise<import('./records.d.ts').Continuation>}
 */
async function continueText(executor, name, prompt) {
  const sequence = executor.open(prompt.length + GENERATED);
  const from = Math.max(0, prompt.length - PROMPT_ROWS);
  if (from > 0) await executor.forward([{ sequence, tokens: prompt.slice(0, from), logits: 'none' }]);
  const rows = await rowsOf(executor, sequence, prompt.slice(from));
  const ids = [...prompt];
  for (;;) {
    ids.push(choice(/** @type {Float32Array} */ (rows.at(-1))));
    if (ids.length === prompt.length + GENERATED) break;
    rows.push(...(await rowsOf(executor, sequence, ids.slice(-1))));
  }
  sequence.dispose();
  return { name, ids, promptLength: prompt.length, from, rows };
}

/**
 * @param {import('holdfast/executors').Executor} executor
 * @param {import('holdfast/executors').Sequence} sequence
 * @param {readonly number[]} tokens
 * @returns {Promise<Float32Array[]>} the logits after each token
 */
async function rowsOf(executor, sequence, tokens) {
  const [{ logits }] = await executor.forward([{ sequence, tokens, logits: 'all' }]);
  const { vocabSize } = executor.blueprint;
  return tokens.map((_, at) =>
    /** @type {Float32Array} */ (logits).slice(at * vocabSize, (at + 1) * vocabSize),
  );
}
