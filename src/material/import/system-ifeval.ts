import { z } from 'zod';
import { firstIssue } from '../first-issue.js';
import { IFEVAL_NAMES, type IfevalRule, ifevalSchema } from '../ifeval-rule.js';
import { textUpTo } from '../schema.js';
import { type Entry, entryError, readEntry, refuseTwins } from './entries.js';
import { countReasons, type ImportedFile, type ImportedPrompt } from './imported.js';

const text = textUpTo(4000);
const row = z.object({
  key: z.number().int(),
  instruction_id_list: z.array(z.string()).min(1).max(12),
  kwargs: z.array(z.record(z.string(), z.unknown())),
  messages: z.tuple([
    z.object({ role: z.literal('system'), content: text }),
    z.object({ role: z.literal('user'), content: text }),
  ]),
});

/**
 * Reads RealGuardrails' sys_ifeval.jsonl: IFEval's requests, with the instructions in the system message. The request is
 * the probe, and the instructions are its judge. A prompt with an instruction that the rule `ifeval` does not have is
 * skipped as a whole.
 */
export function readSystemIfeval(entries: readonly Entry[]): ImportedFile {
  const rows = entries.map((entry) => readEntry(row, entry));
  refuseTwins(
    entries,
    'key',
    rows.map(({ key }) => key),
  );
  const read = rows.map((own, at) => promptOf(own, entries[at]!));
  return {
    prompts: read.flatMap((result) => ('id' in result ? [result] : [])),
    skipped: countReasons(read.flatMap((result) => ('id' in result ? [] : [...result.reasons]))),
  };
}

/** Returns a row as a prompt, or why no program judges it. */
function promptOf(
  { key, instruction_id_list: names, kwargs, messages }: z.infer<typeof row>,
  entry: Entry,
): ImportedPrompt | { readonly reasons: ReadonlySet<string> } {
  if (kwargs.length !== names.length) {
    throw entryError(entry, `${names.length} instructions have ${kwargs.length} sets of arguments`, [
      'kwargs',
    ]);
  }
  const rules = names.map((name, at) => ruleOf(entry, name, kwargs[at]!, at));
  const reasons = rules.filter((rule) => typeof rule === 'string');
  if (reasons.length > 0) return { reasons: new Set(reasons) };
  const of = rules.filter((rule) => typeof rule === 'object');
  const [system, user] = messages;
  return {
    group: names[0]!.split(':')[0]!.replaceAll('_', '-'),
    id: `ifeval-${key}`,
    system: system.content,
    question: user.content,
    judge: of.length === 1 ? of[0]! : { rule: 'all', of },
  };
}

/** Returns the rule of an instruction, or why it has none. */
function ruleOf(
  entry: Entry,
  instruction: string,
  kwargs: Readonly<Record<string, unknown>>,
  at: number,
): IfevalRule | string {
  if (!IFEVAL_NAMES.includes(instruction)) return `prompts with the instruction ${instruction}`;
  const given = Object.entries(kwargs).filter(([, value]) => value !== null);
  const result = ifevalSchema.safeParse({ ...Object.fromEntries(given), rule: 'ifeval', instruction });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { path, message } = firstIssue(result.error);
  // A missing or unknown argument is an error of the file; an argument that IFEval does not take literally is not.
  if (issue?.code === 'invalid_type' || issue?.code === 'unrecognized_keys') {
    throw entryError(entry, message, ['kwargs', at, ...path]);
  }
  return `prompts with the instruction ${instruction}: ${message}`;
}
