/**
 * Material for studies: system prompts with probes and judges, openers, scripted users, held-out texts and questions, read
 * from `experiments/material` or a folder of the user's, checked where they come in. Judges are deterministic and offline.
 * Knows what is said and what a good answer is; must not know models or how studies are run.
 */
export { loadChoices } from './choices.js';
export { fluency } from './fluency.js';
export { judgeAnswer } from './judge.js';
export { loadMaterial, type Material, materialNames } from './load.js';
export { type Rule, ruleSchema } from './rule.js';
export type { ChoiceQuestion, HeldOutDialogue, HeldOutText, Prompt, Script } from './schema.js';
