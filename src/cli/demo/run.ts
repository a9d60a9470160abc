import { planConcurrency } from '../../concurrency.js';
import { RECOMMENDED_HOLD } from '../../dialogue/index.js';
import { makeFolder } from '../../files/index.js';
import {
  drawTrial,
  EARLY,
  type Grammar,
  LATE,
  loadGrammar,
  type PairedSummary,
  summarizePair,
  type Trial,
  type TrialArm,
} from '../../organism/index.js';
import { type ForceFlag, refuseOverwrite } from '../options/index.js';
import { commandName, stdout } from '../terminal/index.js';
import { aboutLines, DEMO_EXECUTOR, readFacts, recordOf, sourceOf } from './about.js';
import { type DialogueRound, dialogueRound, dialogueSide, isLost } from './dialogue.js';
import { demoFiles, writeResult } from './files.js';
import { nextCommands } from './next.js';
import { openRunners, type Runner, runAll } from './runners.js';
import { createScreen, type Screen } from './screen.js';
import { columnHeading, lostLine, pairLines, roundLines } from './view.js';

/** Options of `holdfast demo`. */
export interface DemoFlags extends ForceFlag {
  /** Number of dialogues in the table. */
  readonly dialogues: number;
  /** Number of dialogues that each thread runs at once; default: see {@link planConcurrency}. */
  readonly batch?: number;
  /** The output folder. */
  readonly out: string;
}

const OFF: TrialArm = { name: 'off', settings: { policy: 'off' } };
const HELD: TrialArm = { name: 'held', settings: RECOMMENDED_HOLD };
const ROUNDS = LATE.last;

/** Runs the demo and writes its page. */
export async function runDemo(flags: DemoFlags): Promise<void> {
  const { dialogues: trials, batch, out } = flags;
  refuseOverwrite(Object.values(demoFiles(out)), flags);
  const facts = await readFacts();
  await makeFolder(out);
  const screen = createScreen(stdout);
  const about = aboutLines(facts);
  screen.title('Holdfast demo: how long does the system prompt hold?');
  for (const line of about) screen.text(line);

  const concurrency = planConcurrency(DEMO_EXECUTOR, facts.size, { batch });
  const runners = openRunners(concurrency);
  try {
    const grammar = loadGrammar();
    const trial = await firstThatHolds(grammar, runners[0]!);
    const dialogue = await showDialogue(screen, grammar, trial, runners);
    const others = Array.from({ length: trials }, (_, index) => trial.index + 1 + index);
    const summary = await showSummary(screen, others, runners, concurrency.batch);
    const files = await writeResult(out, {
      about,
      system: trial.system,
      dialogue,
      summary,
      record: recordOf(facts, trial.index, trials),
      source: sourceOf(facts, trials),
    });
    screen.title('Written');
    screen.lines([files.page, files.figure, files.dialogue]);
    screen.title('To try next');
    screen.lines(nextCommands(commandName(process.argv[1]!, process.cwd()), files.dialogue));
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
  }
}

/**
 * Returns the first trial in the study's list that keeps all instructions in the early rounds when off: an instruction
 * that is never followed cannot be lost. Neither later rounds nor the arm held influence the choice.
 */
async function firstThatHolds(grammar: Grammar, runner: Runner): Promise<Trial> {
  for (let index = 0; ; index++) {
    const trial = drawTrial(grammar, index, ROUNDS);
    let holds = true;
    for await (const record of runner.run({ trial: index, rounds: EARLY.last, arm: OFF })) {
      holds &&= !isLost(dialogueSide(grammar, trial, record));
    }
    if (holds) return trial;
  }
}

async function showDialogue(
  screen: Screen,
  grammar: Grammar,
  trial: Trial,
  runners: readonly Runner[],
): Promise<DialogueRound[]> {
  const { width, paint } = screen;
  screen.title(
    `One dialogue: trial ${trial.index}, the first in the study's list that keeps its instructions in rounds ${EARLY.first} to ${EARLY.last} when off`,
  );
  screen.text(`System prompt: ${trial.system}`);
  screen.text(
    'After each round, a question on a branch also tests every instruction. The dialogue never sees it. The question is ' +
      'shown if it reveals a loss that the answer does not.',
  );
  screen.lines(['', ...columnHeading(width, paint)]);
  // Off and held run side by side: on two threads, or at once on one.
  const offRounds = runners[0]!.run({ trial: trial.index, rounds: ROUNDS, arm: OFF });
  const heldRounds = runners.at(-1)!.run({ trial: trial.index, rounds: ROUNDS, arm: HELD });
  const rounds: DialogueRound[] = [];
  for (;;) {
    const [off, held] = await Promise.all([offRounds.next(), heldRounds.next()]);
    if (off.done || held.done) break;
    const round = dialogueRound(grammar, trial, { off: off.value, held: held.value });
    screen.lines(roundLines(round, width, paint));
    rounds.push(round);
  }
  screen.text(lostLine(rounds));
  return rounds;
}

async function showSummary(
  screen: Screen,
  trials: readonly number[],
  runners: readonly Runner[],
  batch: number,
): Promise<PairedSummary> {
  screen.title(`${trials.length} other dialogues: trials ${trials[0]} to ${trials.at(-1)}`);
  const tasks = [OFF, HELD].flatMap((arm) => trials.map((trial) => ({ trial, rounds: ROUNDS, arm })));
  screen.progress(`0 of ${tasks.length} finished …`);
  const records = await runAll(runners, batch, tasks, (done) => {
    screen.progress(`${done} of ${tasks.length} finished …`);
  });
  screen.progress('');
  const summary = summarizePair(records.slice(0, trials.length), records.slice(trials.length));
  screen.lines(pairLines(summary, screen.width, screen.paint));
  return summary;
}
