/**
 * The engine: one dialogue's tokens and cache (session), and the loop that turns logits into tokens (sampling,
 * generation). Knows executors and text; knows nothing of turns, system prompts or schedules, nor of Node.
 */
export type { Model } from './model.js';
