/**
 * `holdfast trace`: one pass over a dialogue, its internals in a safetensors file.
 */
import { type Command, Option } from 'commander';
import { POLICIES, parsePolicy, parseTarget } from '../../attention/index.js';
import { HoldfastError } from '../../errors.js';
import { checkWritable, writeWhole } from '../../files/index.js';
import { encodeSafetensors } from '../../formats/index.js';
import type { LoadedModel } from '../../load.js';
import { layoutDialogue } from '../../text/index.js';
import { compareOperations, type PolicySetting, type TraceInput, traceRun } from '../../trace/index.js';
import { readVersions } from '../../versions.js';
import {
  addModelArgument,
  addModelOptions,
  decimal,
  integerList,
  layerList,
  type ModelOptions,
  modelPath,
  nameList,
  openWithOptions,
  parseIdsFile,
  parseStrengthsFile,
  positiveInteger,
  readDialogue,
  readText,
  requireFormat,
  requireTokenizer,
  wantsAnswer,
} from '../options/index.js';
import { comparisonText, parts, readExpected } from './comparison.js';

interface TraceFlags extends ModelOptions {
  readonly ids?: number[];
  readonly idsFile?: string;
  readonly text?: string;
  readonly special?: true;
  readonly chat?: string;
  readonly generationPrompt?: boolean;
  readonly trustContent?: true;
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
}

export function registerTrace(program: Command): void {
  const command = program
    .command('trace')
    .description('run a model once and write logits, shares, attention and more as safetensors')
    .option('--ids <list>', 'token ids: 1,2,3', integerList)
    .option('--ids-file <file>', 'token ids, as JSON or separated; - reads standard input')
    .option('--text <text>', 'plain text, without a chat template')
    .option('--special', 'read control tokens written in --text as such')
    .option('--chat <file>', 'a dialogue as JSON; - reads standard input')
    .option('--generation-prompt', 'end with the header that opens an answer (when the user spoke last)')
    .option('--no-generation-prompt', 'end with the last message')
    .option('--trust-content', 'read control tokens written in messages as such')
    .option(
      '--target <target>',
      'whose share: prefix, message, content, sink, template, random:SEED or START:END (tokens), or all but: not:prefix …',
    )
    .option('--policy <name>', `what is done to it: ${POLICIES.join(', ')}`)
    .addOption(
      new Option('--strength <x>', 'for all layers and heads').argParser(decimal).conflicts('strengths'),
    )
    .option('--strengths <file>', 'a JSON array of layers, each an array with a strength for each head')
    .option('--chunk <n>', 'tokens to a forward pass (512)', positiveInteger)
    .option('--attention <layers>', 'attention rows of these layers: all, or 0,3', layerList)
    .option('--hidden', 'hidden states')
    .option('--generate <n>', 'continue greedily by so many tokens', positiveInteger)
    .option('--tensors <list>', 'compute and write these alone', nameList)
    .option('--out <file>', 'the safetensors file to write')
    .option(
      '--against <file>',
      'instead of writing one: name the first layer and operation that parts from the tensors in this file',
    );
  addModelOptions(addModelArgument(command)).action(trace);
}

async function trace(named: string | undefined, flags: TraceFlags): Promise<void> {
  checkFlags(flags);
  if (flags.against !== undefined) return traceAgainst(named, flags, flags.against);
  const { out } = flags;
  if (out === undefined) throw new HoldfastError('E_USAGE', 'give --out, the file to write, or --against');
  await checkWritable(out);
  const [policy, readInput] = await Promise.all([readPolicy(flags), prepareInput(flags)]);
  const model = await openWithOptions(await modelPath(named), flags);
  try {
    const input = readInput(model);
    if (flags.text !== undefined) noteMissingBos(model, input);
    const { target, chunk, attention, hidden, generate, tensors } = flags;
    const { tensors: written, metadata } = await traceRun(model, {
      input,
      versions: readVersions(model.executor.name),
      ...(target === undefined ? {} : { target: parseTarget(target) }),
      ...(policy === null ? {} : { policy }),
      ...(chunk === undefined ? {} : { chunkTokens: chunk }),
      ...(attention === undefined ? {} : { attention }),
      ...(hidden === undefined ? {} : { hidden }),
      ...(generate === undefined ? {} : { generate }),
      ...(tensors === undefined ? {} : { tensors }),
    });
    await writeWhole(out, encodeSafetensors(written, metadata));
    process.stdout.write(`${out}: ${written.map(({ name, shape }) => `${name} [${shape}]`).join(', ')}\n`);
  } finally {
    await model.dispose();
  }
}

/** A run of the tokens as they are, beside what another implementation made of them. */
async function traceAgainst(named: string | undefined, flags: TraceFlags, file: string): Promise<void> {
  const { ids, floats } = await readExpected(file);
  if (ids === null && inputsOf(flags).length === 0) {
    throw new HoldfastError('E_USAGE', 'the file does not hold the ids of its run: give --ids', { file });
  }
  const readInput = inputsOf(flags).length === 0 ? () => ids! : await prepareInput(flags);
  const model = await openWithOptions(await modelPath(named), flags);
  try {
    const input = readInput(model);
    const differences = await compareOperations(model.executor, 'ids' in input ? input.ids : input, floats);
    process.stdout.write(`${comparisonText(differences)}\n`);
    if (differences.some(parts)) process.exitCode = 1;
  } finally {
    await model.dispose();
  }
}

/** What can be said of the flags before anything is opened. */
function checkFlags(flags: TraceFlags): void {
  const { idsFile, text, chat, target, policy, strength, strengths } = flags;
  const usage = (what: string): HoldfastError => new HoldfastError('E_USAGE', what);
  if (flags.against !== undefined) {
    const others = (['out', 'policy', 'target', 'attention', 'generate', 'tensors', 'chunk'] as const).filter(
      (flag) => flags[flag] !== undefined,
    );
    if (others.length > 0) throw usage(`--against compares an untouched run: leave out --${others[0]}`);
  }
  const inputs = inputsOf(flags).length;
  if (inputs > 1 || (inputs === 0 && flags.against === undefined)) {
    throw usage('give exactly one of --ids, --ids-file, --text and --chat');
  }
  if (strengths === '-' && (chat === '-' || idsFile === '-'))
    throw usage('only one file can be standard input');
  if (flags.special === true && text === undefined) throw usage('--special is about --text');
  if (chat === undefined && (flags.generationPrompt !== undefined || flags.trustContent === true)) {
    throw usage('--generation-prompt, --no-generation-prompt and --trust-content are about --chat');
  }
  if (target !== undefined) parseTarget(target);
  const acts = policy !== undefined && parsePolicy(policy) !== 'off';
  const hasStrength = strength !== undefined || strengths !== undefined;
  if (!acts && hasStrength) throw usage('a strength needs a --policy that takes one');
  if (policy === 'hold' && strengths === undefined) {
    throw usage('the policy hold has a strength of its own for each head: give --strengths, or use floor');
  }
  if (acts && !hasStrength) throw usage(`the policy ${policy} needs --strength or --strengths`);
  if (acts && chat === undefined && target === undefined) {
    throw usage(`the policy ${policy} needs a --target: without a dialogue there is no system prompt`);
  }
}

/** What is said of the tokens to run. */
const inputsOf = ({ ids, idsFile, text, chat }: TraceFlags) =>
  [ids, idsFile, text, chat].filter((input) => input !== undefined);

/** Null for no policy, and for `off`, which is one that does nothing. */
async function readPolicy({ policy, strength, strengths }: TraceFlags): Promise<PolicySetting | null> {
  if (policy === undefined) return null;
  const name = parsePolicy(policy);
  if (name === 'off') return null;
  if (strength !== undefined) return { name, strength };
  return { name, strength: parseStrengthsFile(await readText(strengths ?? '-')) };
}

/** Reads what needs no model, and returns what makes tokens of it once there is one. */
async function prepareInput(flags: TraceFlags): Promise<(model: LoadedModel) => TraceInput> {
  const { ids, idsFile, text, chat, special, trustContent } = flags;
  if (ids !== undefined) return () => ids;
  if (idsFile !== undefined) {
    const read = parseIdsFile(await readText(idsFile));
    return () => read;
  }
  if (chat !== undefined) {
    const messages = await readDialogue(chat);
    const addGenerationPrompt = wantsAnswer(messages, flags.generationPrompt);
    return (model) =>
      layoutDialogue(requireFormat(model), messages, {
        addGenerationPrompt,
        trustContent: trustContent === true,
      });
  }
  return (model) => requireTokenizer(model).encode(text ?? '', { special: special === true });
}

/** Plain text is run as it stands; a model trained on texts that begin with a BOS may do oddly without. */
function noteMissingBos({ tokenizer }: LoadedModel, input: TraceInput): void {
  if (tokenizer?.addsBos !== true || tokenizer.bos === null || 'ids' in input) return;
  const { id, text } = tokenizer.bos;
  if (input[0] === id) return;
  process.stderr.write(
    `note: this model was trained on texts that begin with ${text}; --special reads it in --text\n`,
  );
}
