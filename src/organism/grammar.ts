import { HoldfastError } from '../errors.js';
import { readTextNow } from '../files/index.js';
import { packageFile } from '../package.js';
import { type Family, type Grammar, grammarSchema } from './grammar-schema.js';
import { slotsOf } from './template.js';

export type { Family, Grammar };

const GRAMMAR_FILE = packageFile('models/organism/grammar.json');

/**
 * Reads the grammar included in Holdfast.
 * @throws HoldfastError `E_NOT_FOUND` if the file cannot be read
 */
export function loadGrammar(): Grammar {
  let text: string;
  try {
    text = readTextNow(GRAMMAR_FILE);
  } catch (cause) {
    throw new HoldfastError('E_NOT_FOUND', 'the grammar file cannot be read', {
      file: GRAMMAR_FILE,
      hint: 'Reinstall Holdfast',
      cause,
    });
  }
  return parseGrammar(text, GRAMMAR_FILE);
}

/**
 * Reads a grammar and checks that everything it names exists, so that drawing and judging can trust it.
 * @throws HoldfastError `E_UNREADABLE` if the text is not JSON, `E_CONFIG` with the invalid field
 */
export function parseGrammar(text: string, file: string): Grammar {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('E_UNREADABLE', 'the grammar is not JSON', { file, cause });
  }
  const result = grammarSchema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new HoldfastError('E_CONFIG', `invalid grammar: ${issue!.message}`, {
      file,
      ...(issue!.path.length === 0 ? {} : { field: issue!.path.map(String).join('.') }),
      cause: result.error,
    });
  }
  for (const { field, problem } of complaints(result.data)) {
    throw new HoldfastError('E_CONFIG', `invalid grammar: ${problem}`, { file, field });
  }
  return result.data;
}

interface Complaint {
  readonly field: string;
  readonly problem: string;
}

/** Yields what the schema cannot check: names that do not exist elsewhere in the grammar. */
function* complaints(grammar: Grammar): Generator<Complaint> {
  yield* listComplaints(grammar);
  yield* topicComplaints(grammar);
  for (const [name, family] of Object.entries(grammar.families)) {
    yield* familyComplaints(grammar, `families.${name}`, family);
  }
  for (const [field, template] of templates(grammar)) {
    for (const slot of slotsOf(template)) {
      if (!Object.hasOwn(grammar.values, slot)) yield { field, problem: `there are no values for {${slot}}` };
    }
  }
}

/** Checks that a dependent list has a list for each value of the plain list it depends on. */
function* listComplaints({ values }: Grammar): Generator<Complaint> {
  for (const [name, list] of Object.entries(values)) {
    if (Array.isArray(list)) continue;
    const keys = values[list.by];
    if (!Array.isArray(keys)) {
      yield { field: `values.${name}.by`, problem: `${list.by} is not the name of a plain list` };
    } else {
      yield* mismatch(`values.${name}.lists`, list.lists, keys);
    }
  }
}

function* topicComplaints({ values, topics }: Grammar): Generator<Complaint> {
  const names = values.topic;
  if (Array.isArray(names)) yield* mismatch('topics', topics, names);
  else yield { field: 'values.topic', problem: 'it must be a plain list' };
}

/** Checks that an object has exactly these keys. */
function* mismatch(field: string, object: object, keys: readonly string[]): Generator<Complaint> {
  const missing = keys.find((key) => !Object.hasOwn(object, key));
  if (missing !== undefined) yield { field, problem: `${missing} is missing` };
  const strange = Object.keys(object).find((key) => !keys.includes(key));
  if (strange !== undefined)
    yield { field: `${field}.${strange}`, problem: `not a value of the list: ${strange}` };
}

function* familyComplaints(grammar: Grammar, field: string, family: Family): Generator<Complaint> {
  const { values, asks } = grammar;
  const { parameters, shown, ask, answer, judge } = family;
  for (const [index, parameter] of parameters.entries()) {
    const list = values[parameter];
    const at = `${field}.parameters.${index}`;
    if (list === undefined) yield { field: at, problem: `there are no values for ${parameter}` };
    else if (!Array.isArray(list) && !parameters.slice(0, index).includes(list.by)) {
      yield { field: at, problem: `${parameter} depends on ${list.by}, which must come before it` };
    }
  }
  if (shown === 'topic' && !parameters.includes('topic')) {
    yield { field: `${field}.parameters`, problem: 'shown: topic needs the parameter topic' };
  }
  if ((shown === 'asked') !== (ask !== undefined) || (ask === undefined) !== (answer === undefined)) {
    yield { field, problem: 'ask and answer are required with shown: asked and not allowed otherwise' };
  }
  if (ask !== undefined && !Object.hasOwn(asks, ask)) {
    yield { field: `${field}.ask`, problem: `unknown ask: ${ask}` };
  }
  if ('text' in judge) {
    const unknown = slotsOf(judge.text).find((slot) => !parameters.includes(slot));
    if (unknown !== undefined) yield { field: `${field}.judge.text`, problem: `not a parameter: ${unknown}` };
  } else if (judge.rule === 'only-from') {
    const list = values[judge.slot];
    if (list === undefined || Array.isArray(list) || !parameters.includes(list.by)) {
      yield { field: `${field}.judge.slot`, problem: `${judge.slot} does not depend on a parameter` };
    }
  } else if ('slot' in judge && !parameters.includes(judge.slot)) {
    yield { field: `${field}.judge.slot`, problem: `not a parameter: ${judge.slot}` };
  }
}

/** Yields every template of the grammar with its field. */
function* templates({ topics, asks, families }: Grammar): Generator<readonly [string, string]> {
  const groups = { topics, asks, families } as const;
  for (const [group, entries] of Object.entries(groups)) {
    for (const [name, entry] of Object.entries(entries)) yield* textsOf(`${group}.${name}`, entry);
  }
}

/** Yields all strings inside a JSON value with their fields. */
function* textsOf(field: string, value: unknown): Generator<readonly [string, string]> {
  if (typeof value === 'string') yield [field, value];
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* textsOf(`${field}.${key}`, inner);
  }
}
