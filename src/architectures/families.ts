import { HoldfastError } from '../errors.js';
import type { Family } from './family.js';
import { gemma2 } from './gemma2.js';
import { gemma3 } from './gemma3.js';
import { granite } from './granite.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { olmo2 } from './olmo2.js';
import { phi3 } from './phi3.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { smollm3 } from './smollm3.js';

/** All families. A new family is a file in this folder and an entry in this list. */
export const FAMILIES = [
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma2,
  gemma3,
  smollm3,
  phi3,
  olmo2,
  granite,
] as const satisfies readonly Family[];

/**
 * Returns the family of a config.json, by `model_type` or, if that is missing, by the class in `architectures`.
 * @throws HoldfastError `E_UNSUPPORTED` for an unknown type, or a class that is not a language model; `E_CONFIG`
 */
export function familyOfConfig(config: Readonly<Record<string, unknown>>, file: string): Family {
  const type = typeof config.model_type === 'string' ? config.model_type : null;
  const classes = classesOf(config.architectures, file);
  const family = FAMILIES.find((candidate) =>
    type === null
      ? candidate.classes.some((name) => classes.includes(name))
      : candidate.modelTypes.includes(type),
  );
  if (family === undefined) {
    const field = type === null ? 'architectures' : 'model_type';
    throw unknownFamily(
      type ?? classes[0] ?? null,
      file,
      field,
      FAMILIES.flatMap(({ modelTypes }) => modelTypes),
    );
  }
  // With the same model_type, another class is another kind of model: a classifier, a reward model, an embedder.
  if (classes.length > 0 && !family.classes.some((name) => classes.includes(name))) {
    throw new HoldfastError('E_UNSUPPORTED', `class "${classes[0]}" is not supported`, {
      file,
      field: 'architectures',
      hint: `Supported for ${family.name} is ${family.classes.join(' or ')}`,
    });
  }
  return family;
}

/** Returns the names of the classes in `architectures`. @throws HoldfastError `E_CONFIG` if one is not a text */
function classesOf(architectures: unknown, file: string): string[] {
  if (!Array.isArray(architectures)) return [];
  return architectures.map((name: unknown, at) => {
    if (typeof name === 'string') return name;
    const field = `architectures.${at}`;
    throw new HoldfastError('E_CONFIG', 'expected the name of a class', { file, field });
  });
}

/**
 * Returns the family of a GGUF, by its `general.architecture`.
 * @throws HoldfastError `E_UNSUPPORTED`
 */
export function familyOfGguf(architecture: string | null, file: string): Family {
  const family = FAMILIES.find(
    (candidate) => candidate.ggufArchitecture === architecture && architecture !== null,
  );
  if (family !== undefined) return family;
  const known = FAMILIES.flatMap(({ ggufArchitecture }) =>
    ggufArchitecture === null ? [] : [ggufArchitecture],
  );
  throw unknownFamily(architecture, file, 'general.architecture', known);
}

function unknownFamily(
  name: string | null,
  file: string,
  field: string,
  known: readonly string[],
): HoldfastError {
  const what =
    name === null ? 'the file does not state its architecture' : `architecture "${name}" is not supported`;
  return new HoldfastError('E_UNSUPPORTED', what, { file, field, hint: `Supported are ${known.join(', ')}` });
}
