/**
 * `holdfast trace`: runs a model once over a dialogue and writes its internals to a safetensors file, or as a page.
 */
import { type Command, Option } from 'commander';
import {
  type HeadGrid,
  identityNotice,
  POLICIES,
  POLICY_RULES,
  parsePolicy,
  parseTarget,
  strengthProblem,
} from '../../attention/index.js';
import { headGrid } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { checkWritable, writeWhole } from '../../files/index.js';
import { encodeSafetensors } from '../../formats/index.js';
import type { LoadedModel } from '../../load.js';
import { layoutDialogue, type Moment, recordedMoment } from '../../text/index.js';
import {
  compareOperations,
  type PolicySetting,
  type TensorWishes,
  type TraceInput,
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
  type ForceFlag,
  integerList,
  layerList,
  type ModelOptions,
  modelPath,
  NOW_HELP,
  nameList,
  openWithOptions,
  parseIdsFile,
  parseStrengthsFile,
  policyNamed,
  positiveInteger,
  readDialogue,
  readNamedText,
  refuseOverwrite,
  refuseSame,
  requireFormat,
  requireTokenizer,
  STRENGTHS_HELP,
  textHint,
  wantsAnswer,
} from '../options/index.js';
import { note, showLive, stderr, stdout, tokensText } from '../terminal/index.js';
import { comparisonLines, differs, readExpected } from './comparison.js';

interface TraceFlags extends ModelOptions, ForceFlag {
  readonly ids?: number[];
  readonly idsFile?: string;
  readonly text?: string;
  readonly special?: true;
  readonly chat?: string;
  readonly generationPrompt?: boolean;
  readonly trustContent?: true;
  readonly now?: Moment;
  readonly target?: string;
  readonly policy?: string;
  readonly strength?: number;
  readonly strengths?: string;
  readonly chunk?: number;
  readonly attention?: 'all' | number[];
  readonly hidden?: true;
  readonly generate?: number;
  readonly tensors?: string[];
  readonly against?: string;
  readonly out?: string;
  readonly html?: string;
}

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

/** Checks the flags before any file is opened. */
function checkFlags(named: string | undefined, flags: TraceFlags): void {
  const { idsFile, text, chat, target, policy, strength, strengths, tensors } = flags;
  const usage = (what: string): HoldfastError => new HoldfastError('E_USAGE', what);
  if (flags.against !== undefined) {
    const others = (
      ['out', 'html', 'force', 'policy', 'target', 'attention', 'generate', 'tensors', 'chunk'] as const
    ).filter((flag) => flags[flag] !== undefined);
    if (others.length > 0) throw usage(`--against compares an untouched run: leave out --${others[0]}`);
  }
  const inputs = inputsOf(flags).length;
  if (inputs > 1 || (inputs === 0 && flags.against === undefined)) {
    const hint = inputs === 0 ? textHint(named) : null;
    throw new HoldfastError(
      'E_USAGE',
      'give exactly one of --ids, --ids-file, --text and --chat',
      hint === null ? {} : { hint },
    );
  }
  if (strengths === '-' && (chat === '-' || idsFile === '-'))
    throw usage('only one file can be standard input');
  if (flags.special === true && text === undefined) throw usage('--special needs --text');
  const ofChat = [flags.generationPrompt, flags.trustContent, flags.now];
  if (chat === undefined && ofChat.some((flag) => flag !== undefined)) {
    throw usage('--generation-prompt, --no-generation-prompt, --trust-content and --now need --chat');
  }
  if (target !== undefined) parseTarget(target);
  const hasShares =
    (chat ?? target) !== undefined && (tensors ?? ['share']).some((name) => name.includes('share'));
  if (flags.html !== undefined && !hasShares) {
    throw usage('--html shows shares of attention: give --chat or --target, and leave shares in --tensors');
  }
  const name = policy === undefined ? 'off' : policyNamed(policy);
  const acts = name !== 'off';
  const hasStrength = strength !== undefined || strengths !== undefined;
  if (policy === undefined && hasStrength) throw usage('a strength needs a --policy that takes one');
  const problem = hasStrength ? strengthProblem(name, true) : null;
  if (problem !== null) throw usage(problem);
  const { noStrength } = POLICY_RULES[name];
  if (acts && noStrength !== null) throw usage(`the policy ${name} is for chats: ${noStrength}`);
  if (acts && !hasStrength) throw usage(`the policy ${name} needs --strength or --strengths`);
  if (acts && chat === undefined && target === undefined) {
    throw usage(`the policy ${name} needs a --target: without a dialogue there is no system prompt`);
  }
}

/** The inputs that were given. */
const inputsOf = ({ ids, idsFile, text, chat }: TraceFlags) =>
  [ids, idsFile, text, chat].filter((input) => input !== undefined);

/** Returns the policy setting; null without a policy or for `off`. */
async function readPolicy({ policy, strength, strengths }: TraceFlags): Promise<PolicySetting | null> {
  if (policy === undefined) return null;
  const name = parsePolicy(policy);
  if (name === 'off') return null;
  if (strength !== undefined) return { name, strength };
  return { name, strength: parseStrengthsFile(await readNamedText(strengths ?? '-')) };
}

/** Reads the input, which needs no model, and returns a function that converts it to tokens with one. */
async function prepareInput(flags: TraceFlags): Promise<(model: LoadedModel) => TraceInput> {
  const { ids, idsFile, text, chat, special, trustContent } = flags;
  if (ids !== undefined) return () => ids;
  if (idsFile !== undefined) {
    const read = parseIdsFile(await readNamedText(idsFile));
    return () => read;
  }
  if (chat !== undefined) {
    const { messages, now: recorded } = await readDialogue(chat);
    const now = recordedMoment(recorded, flags.now);
    const addGenerationPrompt = wantsAnswer(messages, flags.generationPrompt);
    return (model) =>
      layoutDialogue(requireFormat(model), messages, {
        addGenerationPrompt,
        now,
        trustContent: trustContent === true,
      });
  }
  return (model) => requireTokenizer(model).encode(text ?? '', { special: special === true });
}

/** Notes a missing BOS: text is run unchanged, but a model trained on texts that start with one may behave oddly. */
function noteMissingBos({ tokenizer }: LoadedModel, input: TraceInput): void {
  if (tokenizer?.addsBos !== true || tokenizer.bos === null || 'ids' in input) return;
  const { id, text } = tokenizer.bos;
  if (input[0] === id) return;
  note(`this model was trained on texts that start with ${text}; write it in --text and add --special`);
}
