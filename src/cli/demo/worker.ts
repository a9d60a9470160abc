import { parentPort } from 'node:worker_threads';
import { EMBEDDED_MODEL, loadModel } from '../../load.js';
import { drawTrial, loadGrammar, runTrial, type TrialArm } from '../../organism/index.js';

/** A trial to run: its index, rounds and arm. The worker sends back the records of its rounds, then null. */
export interface DemoTask {
  readonly trial: number;
  readonly rounds: number;
  readonly arm: TrialArm;
}

const port = parentPort!;
const grammar = loadGrammar();
// One thread and f32, as in the study, so that the results are the study's.
const model = await loadModel(EMBEDDED_MODEL, { threads: 1, precision: 'f32' });

port.on('message', async ({ trial, rounds, arm }: DemoTask) => {
  const everyRound = new Set(Array.from({ length: rounds }, (_, index) => index + 1));
  for await (const record of runTrial(model, grammar, drawTrial(grammar, trial, rounds), arm, everyRound)) {
    port.postMessage(record);
  }
  port.postMessage(null);
});
