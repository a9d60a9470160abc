import { HoldfastError } from '../errors.js';
import type { Material, Script } from '../material/index.js';
import { fixedUser } from './fixed-user.js';
import { type PromptChoice, promptsInTurn } from './prompt-order.js';
import { givenMessages, promptScenario } from './prompt-scenario.js';
import type { ScenarioSource } from './scenario.js';

export interface ScriptChoice extends PromptChoice {
  /** The name of the material's script that the user follows. */
  readonly script: string;
  readonly rounds: number;
}

/**
 * Dialogues with a scripted user, who says the same whatever is answered; one for each prompt.
 * @throws HoldfastError `E_MATERIAL` for a script that is not there or has fewer messages than rounds, and as {@link promptsInTurn}
 */
export function scriptSource(material: Material, choice: ScriptChoice): ScenarioSource {
  return primedSource(material, { ...choice, given: 0 });
}

/**
 * Scripted dialogues whose first answers are given and obey: they show holding on where a model is too small to obey
 * unasked. Prompts that have not as many to give are left out.
 * @throws HoldfastError as {@link scriptSource}
 */
export function primedSource(
  material: Material,
  { script: name, rounds, given, ...choice }: ScriptChoice & { readonly given: number },
): ScenarioSource {
  const script = scriptNamed(material, name);
  if (script.messages.length < rounds) {
    throw new HoldfastError(
      'E_MATERIAL',
      `the script ${name} has ${script.messages.length} messages, and ${rounds} rounds are asked for`,
      { field: 'rounds', hint: 'Ask for fewer rounds, or choose a longer script' },
    );
  }
  const prompts = promptsInTurn(material, choice, (prompt) => prompt.given.length >= given);
  const messages = script.messages.slice(0, rounds);
  return {
    size: prompts.length,
    at(index) {
      const prompt = prompts[index]!;
      return promptScenario(prompt, {
        id: prompt.id,
        given: givenMessages(prompt, given),
        rounds,
        user: { kind: 'script', messages },
        firstProbe: index,
        openUser: () => fixedUser(messages),
      });
    },
  };
}

function scriptNamed({ scripts }: Material, name: string): Script {
  const script = scripts.get(name);
  if (script !== undefined) return script;
  throw new HoldfastError('E_MATERIAL', `there is no script named ${name}`, {
    field: 'script',
    hint: `Known: ${[...scripts.keys()].join(', ')}`,
  });
}
