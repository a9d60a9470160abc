import type { CommandEntry } from './command-entry.js';

/**
 * All commands, in the order of the help. Only the module of the called command is loaded; others only to check the options
 * that the configuration has for all commands.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'chat',
    description: "talk with a model; show the prompt's share of attention under every answer, and change it",
    load: async () => (await import('./chat/index.js')).addChat,
  },
  {
    name: 'studio',
    description: 'talk with a model in a page, untouched and held, and see where every word listens',
    load: async () => (await import('./studio/index.js')).addStudio,
  },
  {
    name: 'serve',
    description:
      'answer any client of the OpenAI API with models of this machine, and hold their system prompts',
    load: async () => (await import('./serve/index.js')).addServe,
  },
  {
    name: 'tokens',
    description: 'show the tokens of a text or a dialogue, and which message each belongs to',
    load: async () => (await import('./tokens/index.js')).addTokens,
  },
  {
    name: 'inspect',
    description: 'describe a model, how the executors store its weights, and the memory it needs',
    load: async () => (await import('./inspect/index.js')).addInspect,
  },
  {
    name: 'trace',
    description: 'run a model once and write logits, shares, attention and more as safetensors',
    load: async () => (await import('./trace/index.js')).addTrace,
  },
  {
    name: 'view',
    description: 'write a trace as one page: tokens by spans, and where each looked in every layer and head',
    load: async () => (await import('./view/index.js')).addView,
  },
  {
    name: 'measure',
    description: "measure how the prompt's share of attention decays, for every token, layer and head",
    load: async () => (await import('./measure/index.js')).addMeasure,
  },
  {
    name: 'demo',
    description:
      'spend a minute with the embedded model: one dialogue off and held, then statistics over many',
    load: async () => (await import('./demo/index.js')).addDemo,
  },
  {
    name: 'models',
    description:
      'list small open models that can be fetched by name, and the models in the cache; models rm removes one',
    load: async () => (await import('./models/index.js')).addModels,
  },
  {
    name: 'pull',
    description: 'fetch a model from the hub into the cache shared with Python, and print its path',
    load: async () => (await import('./pull/index.js')).addPull,
  },
  {
    name: 'bench',
    description: 'time a model: the prefill, and decoding with attention left alone, measured and changed',
    load: async () => (await import('./bench/index.js')).addBench,
  },
  {
    name: 'doctor',
    description: 'show this machine and which executors work on it',
    load: async () => (await import('./doctor/index.js')).addDoctor,
  },
  {
    name: 'study',
    description: 'run studies, follow them, and report what they found',
    load: async () => (await import('./study/index.js')).addStudyCommands,
  },
  {
    name: 'judge',
    description: "check a study's judges against a person's labels",
    load: async () => (await import('./judge/index.js')).addJudgeCommands,
  },
  {
    name: 'material',
    description: 'turn published data into material for studies',
    load: async () => (await import('./material/index.js')).addMaterialCommands,
  },
  {
    name: 'calibrate',
    description: 'find the setting that holds a system prompt on a model within a budget, and test it',
    load: async () => (await import('./calibrate/index.js')).addCalibrateCommand,
  },
  {
    name: 'audit',
    description: 'show how a system prompt fares on a model over a dialogue: attention, influence, obedience',
    load: async () => (await import('./calibrate/index.js')).addAuditCommand,
  },
  {
    name: 'completion',
    description: 'print a script that completes commands and options in a shell',
    load: async () => {
      const { addCompletion } = await import('./completion.js');
      return (command) => addCompletion(command, COMMANDS);
    },
  },
];
