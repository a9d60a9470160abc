import { HoldfastError } from '../../errors.js';
import { readText } from '../../files/index.js';
import { closestInLength, type Reference, sentencesLeftOut } from '../../influence/index.js';

/** What `--influence` asks for. */
export interface InfluenceRequest {
  /** Returns the references of a dialogue. */
  references(index: number): readonly Reference[];
  /** Whether the total effect is measured beside them, too. */
  readonly total: boolean;
}

/** The word for the total effect, beside the names of references. */
const TOTAL = 'total';

/**
 * Reads the value of `--influence`.
 * @param flag the option's value: names, files and the word total, separated by commas; true for the default
 * @param systems the system prompts of all dialogues
 * @throws HoldfastError `E_USAGE` for `others` where all dialogues have one prompt, for `sentences` where they have several or
 * their prompt has one sentence, and for a reference given twice; what reading a file throws
 */
export async function readReferences(
  flag: string | true,
  systems: readonly string[],
): Promise<InfluenceRequest> {
  const differ = new Set(systems).size > 1;
  const words = flag === true ? [] : flag.split(',').map((name) => name.trim());
  const named = words.filter((word) => word !== TOTAL);
  const names = named.length > 0 ? named : differ ? ['others', 'none'] : ['none'];
  if (names.includes('others') && !differ) {
    throw new HoldfastError('E_USAGE', 'there are no others: all dialogues have one system prompt', {
      field: '--influence',
      hint: 'Use none or sentences, or name a file with another prompt',
    });
  }
  if (new Set(names).size < names.length) {
    throw new HoldfastError('E_USAGE', `a reference is given twice: ${names.join(',')}`, {
      field: '--influence',
    });
  }
  const leftOut = names.includes('sentences') ? sentenceReferences(systems) : [];
  const texts = new Map<string, string>();
  for (const name of names) {
    if (name === 'others' || name === 'none' || name === 'sentences') continue;
    const text = await readText(name, 'Give others, none, sentences, total, or a file with another prompt');
    texts.set(name, text.trim());
  }
  const references = (index: number): readonly Reference[] =>
    names.flatMap((name): readonly Reference[] => {
      if (name === 'sentences') return leftOut;
      if (name === 'none') return [{ name, system: null }];
      return [{ name, system: name === 'others' ? closestInLength(systems, index) : texts.get(name)! }];
    });
  return { references, total: words.includes(TOTAL) };
}

/** Returns a reference for each sentence of the one prompt: the prompt without it. */
function sentenceReferences(systems: readonly string[]): readonly Reference[] {
  const [prompt] = systems;
  if (new Set(systems).size > 1) {
    throw new HoldfastError(
      'E_USAGE',
      'the dialogues have several prompts, whose sentences cannot be compared',
      {
        field: '--influence',
        hint: 'Measure one prompt: --chat with dialogues of one prompt, or --dialogues 1',
      },
    );
  }
  const sentences = sentencesLeftOut(prompt!);
  if (sentences.length < 2) {
    throw new HoldfastError('E_USAGE', 'the prompt has one sentence, so nothing is left without it', {
      field: '--influence',
      hint: 'Use none',
    });
  }
  return sentences.map(({ sentence, rest }, at) => ({
    name: `without sentence ${at + 1}: ${sentence}`,
    system: rest,
  }));
}
