import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parameterCount } from '../../architectures/index.js';
import { planConcurrency } from '../../concurrency.js';
import {
  openChat,
  policyChoice,
  type Settings,
  type SteeringOptions,
  saveDialogue,
} from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { shareErrorOf } from '../../executors/index.js';
import { makeFolder } from '../../files/index.js';
import {
  type DecayProgress,
  type InfluencePlan,
  type LeadOptions,
  measureDecay,
  measuredBytes,
} from '../../measure/index.js';
import { readPackage } from '../../package.js';
import { versionsOf } from '../../versions.js';
import {
  askedHold,
  isEmbedded,
  type ModelOptions,
  modelPath,
  openWithOptions,
  readSettings,
  refuseIdleCache,
  withHold,
} from '../options/index.js';
import { note, showLive, stderr, stdout } from '../terminal/index.js';
import { MEASURE_FILES, type MeasureFacts, writeMeasured } from './files.js';
import { readReferences } from './references.js';
import { type MeasureSource, openMeasureSource, type SourceFlags } from './source.js';
import { measureLines } from './view.js';

/** Options of `holdfast measure`. */
export interface MeasureFlags extends SourceFlags, ModelOptions {
  readonly out: string;
  readonly json?: true;
}

/** A shell's exit code for a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Measures dialogues, writes the results and prints a summary. */
export async function runMeasure(named: string | undefined, flags: MeasureFlags): Promise<void> {
  const { out } = flags;
  const given = readSettings(flags);
  refuseIdleCache(given);
  const hold = await askedHold(flags);
  const source = await openMeasureSource(named, flags);
  await makeFolder(out);
  await checkEmpty(out);
  const model = await openWithOptions(await modelPath(named), flags, true);
  try {
    const settings = await withHold(given, hold, model);
    const options: LeadOptions = {
      maxTokens: source.maxTokens,
      now: source.now,
      ...settings,
      sampling: { temperature: 1, topP: 0.9, ...settings.sampling },
      ...(flags.context === undefined ? {} : { contextLength: flags.context }),
    };
    const called = isEmbedded(named) ? (named ?? 'organism') : model.name;
    const { facts, steering, sampled } = await readFacts(model, called, source, options);
    const { influence, asWritten } = flags;
    const asked = influence === undefined ? null : await readReferences(influence, source.systems);
    if (asked?.total === true && asWritten === true) {
      throw new HoldfastError('E_USAGE', '--as-written has no total influence: it generates no answers', {
        field: '--influence',
        hint: 'Leave out total, or --as-written',
      });
    }
    const plan = asked && {
      references: asked.references,
      options: { settings: steering, contextLength: facts.contextLength, now: source.now },
      total: asked.total ? sampled : undefined,
    };
    await measure({ model, facts, source, options, influence: plan }, flags).catch((error: unknown) => {
      throw withOptions(error, facts, flags);
    });
  } finally {
    await model.dispose();
  }
}

/** A measurement that is ready to run. */
interface Ready {
  readonly model: Model;
  readonly facts: MeasureFacts;
  readonly source: MeasureSource;
  readonly options: LeadOptions;
  readonly influence: InfluencePlan | null;
}

async function measure(
  { model, facts, source, options, influence: plan }: Ready,
  { out, json, batch }: MeasureFlags,
): Promise<void> {
  const control = new AbortController();
  // Listen only once: a second Ctrl-C ends the process without saving.
  const interrupt = (): void => control.abort();
  process.once('SIGINT', interrupt);
  const startMs = performance.now();
  let reached: DecayProgress = { done: 0, running: 0, dialogues: source.dialogues, turns: 0, rows: 0 };
  const live = showLive(stderr, () => progressText(reached, performance.now() - startMs));
  const { blueprint, name: executor } = model.executor;
  const size = {
    parameters: parameterCount(blueprint),
    dialogueBytes: measuredBytes(blueprint, facts.contextLength),
  };
  try {
    const { summary, influence, complete, failure, notices } = await measureDecay({
      model,
      dialogues: source.dialogues,
      batch: planConcurrency(executor, size, { jobs: 1, batch }).batch,
      open: (index) => source.open(model, options, index, control.signal),
      influence: plan ?? undefined,
      facts: { ...facts },
      paths: { shares: join(out, MEASURE_FILES.shares), dialogues: join(out, MEASURE_FILES.dialogues) },
      signal: control.signal,
      onProgress(progress) {
        reached = progress;
      },
    });
    live.end();
    const shareError = shareErrorOf(model.executor);
    const files = await writeMeasured(out, { summary, influence, complete, facts, shareError });
    const notice = noticeOf(notices);
    if (notice !== null) note(notice);
    stdout.lines(
      json === true
        ? [
            JSON.stringify({
              now: facts.now,
              shareError,
              complete,
              ...(notice === null ? {} : { notice }),
              ...summary,
              ...(influence && { influence }),
            }),
          ]
        : measureLines({ summary, influence, complete, facts, shareError, files }),
    );
    if (failure !== null) throw failure;
    if (!complete) process.exitCode = INTERRUPTED;
  } finally {
    live.end();
    process.removeListener('SIGINT', interrupt);
  }
}

/** Returns the error of a dialogue that does not fit with the options that make room; any other unchanged. */
function withOptions(error: unknown, { contextLength }: MeasureFacts, { asWritten }: MeasureFlags): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'E_CONTEXT_FULL') return error;
  const shorter = asWritten === true ? '' : ', shorter answers (--max-tokens)';
  return new HoldfastError('E_CONTEXT_FULL', error.what, {
    hint: `Measure fewer turns (--rounds)${shorter}, or with a longer context than ${contextLength} (--context)`,
    cause: error,
  });
}

/** Returns in how many turns the policy did not do what it was asked to, and why; null if it always did. */
function noticeOf(turns: readonly (string | null)[]): string | null {
  const notices = turns.filter((notice) => notice !== null);
  const [first] = notices;
  if (first === undefined) return null;
  if (turns.every((notice) => notice === first)) return first;
  return `the policy did not do all that it was asked to in ${notices.length} of ${turns.length} turns; the first: ${first}`;
}

/**
 * Checks that the folder has no measurement.
 * @throws HoldfastError `E_UNWRITABLE` if it has one
 */
async function checkEmpty(out: string): Promise<void> {
  for (const name of Object.values(MEASURE_FILES)) {
    const path = join(out, name);
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    throw new HoldfastError('E_UNWRITABLE', 'the folder already contains a measurement', {
      file: path,
      hint: 'Name another folder with --out, or delete this one',
    });
  }
}

/**
 * Returns the facts that a measurement depends on, and how its dialogues are steered and sampled. Opens a chat for this and closes it again, so settings that the model
 * does not accept are refused before anything is measured.
 */
async function readFacts(
  model: Model,
  called: string,
  source: MeasureSource,
  options: LeadOptions,
): Promise<{
  readonly facts: MeasureFacts;
  readonly steering: SteeringOptions;
  readonly sampled: Pick<Settings, 'sampling' | 'maxTokens' | 'stop'>;
}> {
  const chat = openChat(model, { ...options, system: source.systems[0]! });
  try {
    const { model: saved, contextLength, next } = await saveDialogue(chat, readPackage().version);
    const { heldTokens: _, ...settings } = next!;
    const facts = {
      source: source.name,
      model: { ...saved, name: called },
      settings,
      contextLength,
      now: chat.now,
      versions: versionsOf(model.executor),
    };
    const { policy, schedule, target, selection, cache, silence, guidance, reminder } = chat.settings;
    const steering = {
      ...policyChoice(policy, schedule),
      ...{ target, ...selection, cache, silence, guidance, reminder },
    };
    const { sampling, maxTokens, stop } = chat.settings;
    return { facts, steering, sampled: { sampling, maxTokens, stop } };
  } finally {
    chat.dispose();
  }
}

/** Returns how far a measurement is. @param ms the time that it has taken */
function progressText({ done, running, dialogues, turns, rows }: DecayProgress, ms: number): string {
  const speed = ((1000 * rows) / Math.max(ms, 1)).toFixed(0);
  return `${done} of ${dialogues} dialogues, ${running} running, ${turns} turns, ${rows} tokens, ${speed} tokens/s`;
}
