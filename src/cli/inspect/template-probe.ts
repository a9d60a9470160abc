import { HoldfastError } from '../../errors.js';
import {
  chatFormat,
  currentMoment,
  layoutDialogue,
  type Message,
  type TemplateSource,
  type Tokenizer,
} from '../../text/index.js';

/** What a template does with a message of a role: writes its words, leaves them out, or refuses the dialogue. */
type RoleVerdict = 'written' | 'left out' | 'refused';

/** What a model's chat template does, found by rendering small dialogues. */
export interface TemplateReport {
  readonly present: boolean;
  /** Why no dialogue can be rendered; null when dialogues can. */
  readonly problem: string | null;
  readonly roles: Readonly<Record<Message['role'], RoleVerdict>> | null;
  /** What the template writes to open an answer; null when the template cannot be used. */
  readonly generationPrompt: string | null;
}

const user: Message = { role: 'user', content: 'How deep is the harbour?' };
const PROBES: Readonly<Record<Message['role'], readonly Message[]>> = {
  system: [{ role: 'system', content: 'Answer as a pilot would.' }, user],
  user: [user],
  assistant: [user, { role: 'assistant', content: 'Nine metres at low water.' }, user],
};

/** Finds what a model's chat template does with each role by rendering one small dialogue for each. */
export function probeTemplate(tokenizer: Tokenizer | null, source: TemplateSource): TemplateReport {
  const unusable = (problem: string): TemplateReport => ({
    ...{ present: source.template !== null, problem },
    ...{ roles: null, generationPrompt: null },
  });
  if (source.template === null) return unusable('the model has no chat template');
  if (tokenizer === null) return unusable('the model has no usable tokenizer');
  const now = currentMoment();
  try {
    const format = chatFormat({ tokenizer, ...source });
    const textOf = (addGenerationPrompt: boolean): string =>
      layoutDialogue(format, [user], { addGenerationPrompt, now }).text;
    const verdict = (role: Message['role']): RoleVerdict => {
      const messages = PROBES[role];
      try {
        const layout = layoutDialogue(format, messages, { addGenerationPrompt: false, now });
        const { start, end } =
          layout.messages[messages.findIndex((message) => message.role === role)]!.content;
        return end > start ? 'written' : 'left out';
      } catch (error) {
        if (error instanceof HoldfastError && error.code === 'E_TEMPLATE') return 'refused';
        throw error;
      }
    };
    return {
      ...{ present: true, problem: null },
      roles: { system: verdict('system'), user: verdict('user'), assistant: verdict('assistant') },
      generationPrompt: textOf(true).slice(textOf(false).length),
    };
  } catch (error) {
    if (error instanceof HoldfastError) return unusable(error.message);
    throw error;
  }
}
