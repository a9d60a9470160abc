import { parsePolicy } from '../../attention/index.js';
import type { LoadedModel } from '../../load.js';
import { layoutDialogue, recordedMoment } from '../../text/index.js';
import type { PolicySetting, TraceInput } from '../../trace/index.js';
import {
  parseIdsFile,
  parseStrengthsFile,
  readDialogue,
  readNamedText,
  requireFormat,
  requireTokenizer,
  wantsAnswer,
} from '../options/index.js';
import { note } from '../terminal/index.js';
import type { TraceFlags } from './flags.js';

/** Returns the policy setting; null without a policy or for `off`. */
export async function readPolicy({ policy, strength, strengths }: TraceFlags): Promise<PolicySetting | null> {
  if (policy === undefined) return null;
  const name = parsePolicy(policy);
  if (name === 'off') return null;
  if (strength !== undefined) return { name, strength };
  return { name, strength: parseStrengthsFile(await readNamedText(strengths ?? '-')) };
}

/** Reads the input, which needs no model, and returns a function that converts it to tokens with one. */
export async function prepareInput(flags: TraceFlags): Promise<(model: LoadedModel) => TraceInput> {
  const { ids, idsFile, text, chat, special, trustContent } = flags;
  if (ids !== undefined) return () => ids;
  if (idsFile !== undefined) {
    const read = parseIdsFile(await readNamedText(idsFile));
    return () => read;
  }
  if (chat !== undefined) {
    const { messages, now: recorded } = await readDialogue(chat);
    const now = recordedMoment(recorded, flags.now);
    const addGenerationPrompt = wantsAnswer(messages, flags.generationPrompt);
    return (model) =>
      layoutDialogue(requireFormat(model), messages, {
        addGenerationPrompt,
        now,
        trustContent: trustContent === true,
      });
  }
  return (model) => requireTokenizer(model).encode(text ?? '', { special: special === true });
}

/** Notes a missing BOS: text is run unchanged, but a model trained on texts that start with one may behave oddly. */
export function noteMissingBos({ tokenizer }: LoadedModel, input: TraceInput): void {
  if (tokenizer?.addsBos !== true || tokenizer.bos === null || 'ids' in input) return;
  const { id, text } = tokenizer.bos;
  if (input[0] === id) return;
  note(`this model was trained on texts that start with ${text}; write it in --text and add --special`);
}
