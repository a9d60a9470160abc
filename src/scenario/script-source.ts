import { HoldfastError } from '../errors.js';
import type { Material, Script } from '../material/index.js';
import { fixedUser } from './fixed-user.js';
import { type PromptChoice, promptsInTurn } from './prompt-order.js';
import { givenMessages, promptScenario } from './prompt-scenario.js';
import type { ScenarioSource } from './scenario.js';

/** The script, prompts and rounds of scripted dialogues. */
export interface ScriptChoice extends PromptChoice {
  /** Name of the script in the material that the user follows. Those of its dialogues that are long enough take turns. */
  readonly script: string;
  readonly rounds: number;
}

/**
 * Returns dialogues with a scripted user, one for each prompt. The user's messages do not depend on the answers.
 * @throws HoldfastError `E_MATERIAL` when the script is unknown or none of its dialogues has a message for every round, and as
 * {@link promptsInTurn}
 */
export function scriptSource(material: Material, choice: ScriptChoice): ScenarioSource {
  return primedSource(material, { ...choice, given: 0 });
}

/**
 * Returns scripted dialogues whose first answers are given and follow the prompt. They show whether a model keeps to a
 * prompt even if it is too small to follow one from the start. Prompts with fewer than `given` exchanges are skipped.
 * @throws HoldfastError as {@link scriptSource}
 */
export function primedSource(
  material: Material,
  { script: name, rounds, given, ...choice }: ScriptChoice & { readonly given: number },
): ScenarioSource {
  const script = scriptNamed(material, name);
  const dialogues = script.dialogues.filter(({ length }) => length >= rounds);
  if (dialogues.length === 0) {
    const longest = Math.max(...script.dialogues.map(({ length }) => length));
    throw new HoldfastError(
      'E_MATERIAL',
      `the script ${name} is too short: it has ${longest} messages for ${rounds} rounds`,
      { field: 'rounds', hint: 'Ask for fewer rounds, or choose a longer script' },
    );
  }
  const prompts = promptsInTurn(material, choice, (prompt) => prompt.given.length >= given);
  return {
    size: prompts.length,
    at(index) {
      const prompt = prompts[index]!;
      const messages = dialogues[index % dialogues.length]!.slice(0, rounds);
      return promptScenario(prompt, {
        id: prompt.id,
        index,
        prompts: material.prompts,
        given: givenMessages(prompt, given),
        rounds,
        user: () => ({ kind: 'script', messages }),
        firstProbe: index,
        openUser: () => fixedUser(messages),
      });
    },
  };
}

function scriptNamed({ scripts }: Material, name: string): Script {
  const script = scripts.get(name);
  if (script !== undefined) return script;
  throw new HoldfastError('E_MATERIAL', `unknown script: ${name}`, {
    field: 'script',
    hint: `Known: ${[...scripts.keys()].join(', ')}`,
  });
}
