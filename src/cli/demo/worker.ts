import { parentPort, workerData } from 'node:worker_threads';
import { EMBEDDED_MODEL, loadModel } from '../../load.js';
import {
  drawTrial,
  loadGrammar,
  runTrial,
  type TrialArm,
  type TrialRoundRecord,
} from '../../organism/index.js';
import { DEMO_EXECUTOR } from './about.js';

/** What a worker starts with. */
export interface DemoSetup {
  /** Threads of the executor; null for its default. */
  readonly threads: number | null;
}

/** A trial to run: its index, rounds and arm. */
export interface DemoTask {
  readonly trial: number;
  readonly rounds: number;
  readonly arm: TrialArm;
}

/** A message to a worker. */
export type DemoRequest =
  | { readonly kind: 'task'; readonly id: number; readonly task: DemoTask }
  | { readonly kind: 'close' };

/** The record of a round of the task with this id; null after the last one. */
export interface DemoReply {
  readonly id: number;
  readonly record: TrialRoundRecord | null;
}

const port = parentPort!;
const { threads }: DemoSetup = workerData;
const grammar = loadGrammar();
// f32, as in the study, so that the results are the study's.
const model = await loadModel(EMBEDDED_MODEL, {
  executor: DEMO_EXECUTOR,
  ...(threads === null ? {} : { threads }),
  precision: 'f32',
  batchInvariant: true,
});

async function run(id: number, { trial, rounds, arm }: DemoTask): Promise<void> {
  const reply = (record: TrialRoundRecord | null): void => {
    const message: DemoReply = { id, record };
    port.postMessage(message);
  };
  const everyRound = new Set(Array.from({ length: rounds }, (_, index) => index + 1));
  for await (const record of runTrial(model, grammar, drawTrial(grammar, trial, rounds), arm, everyRound)) {
    reply(record);
  }
  reply(null);
}

let closing = false;

port.on('message', async (request: DemoRequest) => {
  if (request.kind === 'task') {
    await run(request.id, request.task).catch((error: unknown) => {
      if (!closing) throw error; // ends the worker with this error
    });
    return;
  }
  closing = true;
  await model.dispose(); // waits for forward passes, which must not outlive the thread
  process.exit();
});
