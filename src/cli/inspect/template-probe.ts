import { HoldfastError } from '../../errors.js';
import {
  type ChatFormat,
  chatFormat,
  currentMoment,
  layoutDialogue,
  type Message,
  type TemplateSource,
  type Tokenizer,
  writesTime,
} from '../../text/index.js';

/** What a template does with a message of a role: writes its words, leaves them out, or refuses the dialogue. */
type RoleVerdict = 'written' | 'left out' | 'refused';

/** The dialogues in which a template writes the date or time. */
type TimeVerdict = 'always' | 'with a system message' | 'without a system message' | 'never';

/** What a model's chat template does, found by rendering small dialogues. */
export interface TemplateReport {
  readonly present: boolean;
  /** Why no dialogue can be rendered; null when dialogues can. */
  readonly problem: string | null;
  readonly roles: Readonly<Record<Message['role'], RoleVerdict>> | null;
  /** What the template writes to open an answer; null when the template cannot be used. */
  readonly generationPrompt: string | null;
  /** When it writes the date or time; null when the template cannot be used. */
  readonly writesTime: TimeVerdict | null;
}

const user: Message = { role: 'user', content: 'How deep is the harbour?' };
const PROBES: Readonly<Record<Message['role'], readonly Message[]>> = {
  system: [{ role: 'system', content: 'Answer as a pilot would.' }, user],
  user: [user],
  assistant: [user, { role: 'assistant', content: 'Nine metres at low water.' }, user],
};

/**
 * Finds what a model's chat template does with each role by rendering one small dialogue for each.
 * @param find returns the template, or throws if it cannot be read
 */
export function probeTemplate(tokenizer: Tokenizer | null, find: () => TemplateSource): TemplateReport {
  const unusable = (problem: string, present = true): TemplateReport => ({
    ...{ present, problem },
    ...{ roles: null, generationPrompt: null, writesTime: null },
  });
  const now = currentMoment();
  try {
    const source = find();
    if (source.template === null) return unusable('the model has no chat template', false);
    if (tokenizer === null) return unusable('the model has no usable tokenizer');
    const format = chatFormat({ tokenizer, ...source });
    const textOf = (addGenerationPrompt: boolean): string =>
      layoutDialogue(format, [user], { addGenerationPrompt, now }).text;
    const verdict = (role: Message['role']): RoleVerdict => {
      const messages = PROBES[role];
      try {
        const layout = layoutDialogue(format, messages, { addGenerationPrompt: false, now });
        return layout.messages.some((message) => message.role === role && message.leftOut)
          ? 'left out'
          : 'written';
      } catch (error) {
        if (error instanceof HoldfastError && error.code === 'E_TEMPLATE') return 'refused';
        throw error;
      }
    };
    return {
      ...{ present: true, problem: null },
      roles: { system: verdict('system'), user: verdict('user'), assistant: verdict('assistant') },
      generationPrompt: textOf(true).slice(textOf(false).length),
      writesTime: timeVerdict(format),
    };
  } catch (error) {
    if (error instanceof HoldfastError) return unusable(error.message);
    throw error;
  }
}

function timeVerdict(format: ChatFormat): TimeVerdict {
  /** Null if the template refuses the dialogue. */
  const writes = (messages: readonly Message[]): boolean | null => {
    try {
      return writesTime(format, messages, { addGenerationPrompt: true });
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'E_TEMPLATE') return null;
      throw error;
    }
  };
  const withSystem = writes(PROBES.system);
  const withoutSystem = writes(PROBES.user);
  if (withSystem === false && withoutSystem === true) return 'without a system message';
  if (withSystem === true && withoutSystem === false) return 'with a system message';
  return withSystem === true || withoutSystem === true ? 'always' : 'never';
}
