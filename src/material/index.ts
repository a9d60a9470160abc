/**
 * Material for studies: system prompts with probes and judges, openers, scripted users, held-out texts and questions.
 * This room reads bundled material or a folder of the user's, checks it, turns published data into such a folder, and judges
 * answers. Judges are deterministic and work offline. It must not know models or how studies are run.
 */
export { isBundled } from './bundled.js';
export { loadChoices } from './choices.js';
export { fluency } from './fluency.js';
export { type FormatName, IMPORT_FORMATS } from './import/formats.js';
export { type ImportedMaterial, importMaterial } from './import/import-material.js';
export { JUDGE_VERSION, judgeAnswer } from './judge.js';
export { loadMaterial, loadRules, type Material, materialNames } from './load.js';
export { type Rule, ruleSchema } from './rule.js';
export { ruleGroup } from './rule-group.js';
export type {
  ChoiceQuestion,
  HeldOutDialogue,
  HeldOutText,
  PromptMaterial,
  PromptRules,
  Script,
} from './schema.js';
