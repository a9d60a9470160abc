/**
 * `holdfast trace`: runs a model once over a dialogue and writes its internals to a safetensors file, or as a page.
 */
import { type Command, Option } from 'commander';
import { type HeadGrid, identityNotice, POLICIES, parseTarget } from '../../attention/index.js';
import { headGrid } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { checkWritable, writeWhole } from '../../files/index.js';
import { encodeSafetensors } from '../../formats/index.js';
import {
  compareOperations,
  type TensorWishes,
  type TraceProgress,
  traceInMemory,
  traceRun,
} from '../../trace/index.js';
import { fitsAttention, writeTracePage } from '../../trace-page/index.js';
import { versionsOf } from '../../versions.js';
import {
  addForceOption,
  addModelArgument,
  addModelOptions,
  dateTime,
  decimal,
  integerList,
  layerList,
  modelPath,
  NOW_HELP,
  nameList,
  openWithOptions,
  positiveInteger,
  refuseOverwrite,
  refuseSame,
  STRENGTHS_HELP,
} from '../options/index.js';
import { note, showLive, stderr, stdout, tokensText } from '../terminal/index.js';
import { comparisonLines, differs, readExpected } from './comparison.js';
import { checkFlags, inputsOf, type TraceFlags } from './flags.js';
import { noteMissingBos, prepareInput, readPolicy } from './input.js';

/** Adds the arguments and options of `holdfast trace`. */
export function addTrace(command: Command): void {
  command
    .option('--ids <list>', 'token ids: 1,2,3', integerList)
    .option(
      '--ids-file <file>',
      'token ids as JSON, or separated by commas or spaces; - reads standard input',
    )
    .option('--text <text>', 'plain text, without a chat template')
    .option('--special', 'parse control tokens in --text')
    .option('--chat <file>', 'a dialogue as JSON; - reads standard input')
    .option(
      '--generation-prompt',
      "end with the header of an answer (default: if the last message is the user's)",
    )
    .option('--no-generation-prompt', 'end with the last message')
    .option('--trust-content', 'parse control tokens in messages')
    .option('--now <time>', `${NOW_HELP} (default: that of a saved dialogue, or the current one)`, dateTime)
    .option(
      '--target <target>',
      'the tokens whose share is measured and changed: message (the system message), content (its words), prefix (all tokens up to its end, including the first), sink, template, random:SEED, START:END; not:TARGET for all other tokens (default: message)',
    )
    .option('--policy <name>', `the policy on its share: ${POLICIES.join(', ')}`)
    .addOption(
      new Option('--strength <x>', `one strength for all layers and heads; ${STRENGTHS_HELP}`)
        .argParser(decimal)
        .conflicts('strengths'),
    )
    .option('--strengths <file>', 'strengths by head: a JSON array of layers, each an array of heads')
    .option('--chunk <n>', 'tokens per forward pass (default: 512)', positiveInteger)
    .option('--attention <layers>', 'write attention rows of these layers: all, or 0,3', layerList)
    .option('--hidden', 'write hidden states')
    .option('--generate <n>', 'generate n tokens greedily after the input', positiveInteger)
    .option('--tensors <list>', 'compute and write only these tensors', nameList)
    .option('--out <file>', 'the safetensors file to write')
    .option(
      '--html <file>',
      'the page to write: tokens by spans, and where each looked; without --out, attention rows are in it if they fit',
    )
    .option(
      '--against <file>',
      'compare with the tensors in this file instead of writing one, and name the first operation that differs',
    );
  addForceOption(command, 'the files of --out and --html');
  addModelOptions(addModelArgument(command)).action(trace);
}

async function trace(named: string | undefined, flags: TraceFlags): Promise<void> {
  checkFlags(named, flags);
  if (flags.against !== undefined) return traceAgainst(named, flags, flags.against);
  const { out, html } = flags;
  const files = [out, html].filter((file) => file !== undefined);
  if (files.length === 0)
    throw new HoldfastError('E_USAGE', 'no output: give --out or --html, the file to write, or --against');
  if (out !== undefined && html !== undefined) refuseSame(out, html, '--out and --html');
  for (const file of files) await checkWritable(file);
  if (out !== undefined) refuseOverwrite([out], flags);
  if (html !== undefined) refuseOverwrite([html], flags, '--html');
  const [policy, readInput] = await Promise.all([readPolicy(flags), prepareInput(flags)]);
  const model = await openWithOptions(await modelPath(named), flags);
  try {
    const input = readInput(model);
    if (flags.text !== undefined) noteMissingBos(model, input);
    const { target, chunk, hidden, generate } = flags;
    const startMs = performance.now();
    const count = ('ids' in input ? input.ids : input).length;
    let reached: TraceProgress = { read: 0, input: count, generated: 0 };
    const live = showLive(stderr, () => progressText(reached, performance.now() - startMs));
    const run = await traceRun(model, {
      input,
      versions: versionsOf(model.executor),
      ...(target === undefined ? {} : { target: parseTarget(target) }),
      ...(policy === null ? {} : { policy }),
      ...(chunk === undefined ? {} : { chunkTokens: chunk }),
      ...(hidden === undefined ? {} : { hidden }),
      ...(generate === undefined ? {} : { generate }),
      ...tensorsWanted(flags, headGrid(model.executor.blueprint), count),
      onProgress(progress) {
        reached = progress;
      },
    }).finally(() => live.end());
    if (out !== undefined) await writeWhole(out, encodeSafetensors(run.tensors, run.metadata));
    if (html !== undefined) {
      for (const left of await writeTracePage(html, traceInMemory(run))) note(left);
    }
    const notice = policy && identityNotice(policy.name, [policy.strength].flat(2));
    if (notice !== null) note(notice);
    const shapes = run.tensors.map(({ name, shape }) => `${name} [${shape}]`);
    stdout.lines([
      ...(out === undefined ? [] : [`${out}: ${shapes.join(', ')}`]),
      ...(html === undefined ? [] : [`${html}: open it in a browser`]),
    ]);
  } finally {
    await model.dispose();
  }
}

/**
 * Returns which tensors to compute: those that the flags name; for a page alone no logits, but attention rows if it has room
 * for those of every head.
 */
function tensorsWanted(
  { tensors, attention, out }: TraceFlags,
  grid: HeadGrid,
  tokens: number,
): Pick<TensorWishes, 'tensors' | 'attention' | 'logits'> {
  const named = {
    ...(tensors === undefined ? {} : { tensors }),
    ...(attention === undefined ? {} : { attention }),
  };
  if (out !== undefined || tensors !== undefined) return named;
  return { logits: false, ...(fitsAttention(grid, tokens) ? { attention: 'all' as const } : {}), ...named };
}

function progressText({ read, input, generated }: TraceProgress, ms: number): string {
  if (generated > 0) return `${generated} tokens generated after ${input}`;
  return `read ${tokensText(read, input, ms)}`;
}

/** Compares a run of the tokens without a policy with that of another implementation. */
async function traceAgainst(named: string | undefined, flags: TraceFlags, file: string): Promise<void> {
  const { ids, floats } = await readExpected(file);
  if (ids === null && inputsOf(flags).length === 0) {
    throw new HoldfastError('E_USAGE', 'the file does not contain the ids of its run: give --ids', { file });
  }
  const readInput = inputsOf(flags).length === 0 ? () => ids! : await prepareInput(flags);
  const model = await openWithOptions(await modelPath(named), flags);
  try {
    const input = readInput(model);
    const differences = await compareOperations(model.executor, 'ids' in input ? input.ids : input, floats);
    stdout.lines(comparisonLines(differences, floats.keys()));
    if (differences.some(differs)) process.exitCode = 1;
  } finally {
    await model.dispose();
  }
}
