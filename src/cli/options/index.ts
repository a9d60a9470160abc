/**
 * The options and arguments that commands share: parsers of option values, the model argument, model and settings
 * flags, and input files. Knows commander and the library; must not know any single command.
 */
export {
  dateTime,
  decimal,
  integerList,
  layerList,
  NOW_HELP,
  nameList,
  oneMore,
  parseIdsFile,
  parseStrengthsFile,
  positiveInteger,
  STRENGTHS_HELP,
} from './arguments.js';
export { addConcurrencyOptions, BATCH_DEFAULT, type ConcurrencyFlags } from './concurrency.js';
export { type DerivedFile, refuseChanged, writeDerived } from './derived-files.js';
export { readDialogue, wantsAnswer } from './dialogue-file.js';
export { fetching } from './fetching.js';
export { type AskedHold, askedHold, withHold } from './hold.js';
export { HUB_NAME, requireHubName } from './hub-name.js';
export { addModelArgument, isEmbedded, modelPath, textHint } from './model-argument.js';
export {
  addModelOptions,
  type ModelOptions,
  openWithOptions,
  requireFormat,
  requireTokenizer,
} from './model-options.js';
export { openText } from './open-text.js';
export { addForceOption, type ForceFlag, refuseOverwrite, refuseSame } from './overwrite.js';
export { policyNamed } from './policy-name.js';
export { parseJson, readNamedText, STANDARD_INPUT } from './read-text.js';
export {
  addChatOptions,
  addSettingsOptions,
  type ChatFlags,
  COUNTED_SEED,
  indexRanges,
  ON_CONTEXT_FULL,
  readChatOptions,
  readSettings,
  refuseIdleCache,
  type SettingsFlags,
} from './settings-flags.js';
export { checkedSystem, readSystem, readSystemFile } from './system-prompt.js';
