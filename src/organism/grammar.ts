import { readFileSync } from 'node:fs';
import { HoldfastError } from '../errors.js';
import { packageFile } from '../package.js';
import { type Family, type Grammar, grammarSchema } from './grammar-schema.js';
import { slotsOf } from './template.js';

export type { Family, Grammar };

const GRAMMAR_FILE = packageFile('models/organism/grammar.json');

/** The grammar that comes with Holdfast. */
export function loadGrammar(): Grammar {
  let text: string;
  try {
    text = readFileSync(GRAMMAR_FILE, 'utf8');
  } catch (cause) {
    throw new HoldfastError('E_NOT_FOUND', 'the grammar is not there', {
      file: GRAMMAR_FILE,
      hint: 'Install Holdfast anew',
      cause,
    });
  }
  return parseGrammar(text, GRAMMAR_FILE);
}

/**
 * Reads a grammar and checks that everything it names exists, so that drawing and judging can trust it.
 * @throws HoldfastError `E_UNREADABLE` for what is not JSON, `E_CONFIG` naming the field that is wrong
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
    throw new HoldfastError('E_CONFIG', `the grammar is wrong: ${issue!.message}`, {
      file,
      ...(issue!.path.length === 0 ? {} : { field: issue!.path.map(String).join('.') }),
      cause: result.error,
    });
  }
  for (const { field, problem } of complaints(result.data)) {
    throw new HoldfastError('E_CONFIG', `the grammar is wrong: ${problem}`, { file, field });
  }
  return result.data;
}

interface Complaint {
  readonly field: string;
  readonly problem: string;
}

/** What is named and does not exist, though every part of the grammar looks right by itself. */
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

/** A dependent list has a list for each value of a plain one. */
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
  else yield { field: 'values.topic', problem: 'it has to be a plain list' };
}

/** The keys of an object are not what they have to be. */
function* mismatch(field: string, object: object, keys: readonly string[]): Generator<Complaint> {
  const missing = keys.find((key) => !Object.hasOwn(object, key));
  if (missing !== undefined) yield { field, problem: `${missing} is missing` };
  const strange = Object.keys(object).find((key) => !keys.includes(key));
  if (strange !== undefined) yield { field: `${field}.${strange}`, problem: `no value is ${strange}` };
}

function* familyComplaints(grammar: Grammar, field: string, family: Family): Generator<Complaint> {
  const { values, asks } = grammar;
  const { parameters, shown, ask, answer, judge } = family;
  for (const [index, parameter] of parameters.entries()) {
    const list = values[parameter];
    const at = `${field}.parameters.${index}`;
    if (list === undefined) yield { field: at, problem: `there are no values for ${parameter}` };
    else if (!Array.isArray(list) && !parameters.slice(0, index).includes(list.by)) {
      yield { field: at, problem: `${parameter} depends on ${list.by}, which has to stand before it` };
    }
  }
  if (shown === 'topic' && !parameters.includes('topic')) {
    yield { field: `${field}.parameters`, problem: 'what is shown in a topic needs the parameter topic' };
  }
  if ((shown === 'asked') !== (ask !== undefined) || (ask === undefined) !== (answer === undefined)) {
    yield { field, problem: 'ask and answer go with shown: asked, and with nothing else' };
  }
  if (ask !== undefined && !Object.hasOwn(asks, ask)) {
    yield { field: `${field}.ask`, problem: `there is no ask ${ask}` };
  }
  if ('text' in judge) {
    const unknown = slotsOf(judge.text).find((slot) => !parameters.includes(slot));
    if (unknown !== undefined) yield { field: `${field}.judge.text`, problem: `${unknown} is no parameter` };
  } else if (judge.rule === 'only-from') {
    const list = values[judge.slot];
    if (list === undefined || Array.isArray(list) || !parameters.includes(list.by)) {
      yield { field: `${field}.judge.slot`, problem: `${judge.slot} does not depend on a parameter` };
    }
  } else if ('slot' in judge && !parameters.includes(judge.slot)) {
    yield { field: `${field}.judge.slot`, problem: `${judge.slot} is no parameter` };
  }
}

/** Every template of the grammar, with the field it stands in. */
function* templates({ topics, asks, families }: Grammar): Generator<readonly [string, string]> {
  const groups = { topics, asks, families } as const;
  for (const [group, entries] of Object.entries(groups)) {
    for (const [name, entry] of Object.entries(entries)) yield* textsOf(`${group}.${name}`, entry);
  }
}

/** All texts inside a value of JSON. */
function* textsOf(field: string, value: unknown): Generator<readonly [string, string]> {
  if (typeof value === 'string') yield [field, value];
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* textsOf(`${field}.${key}`, inner);
  }
}
