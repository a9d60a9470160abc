#!/usr/bin/env node
/**
 * Coverage-guided fuzzing of what reads foreign files and requests. `docs/reliability.md` says what is checked.
 *
 *     npm run fuzz -- gguf --runs 1000000
 *     npm run fuzz -- all --runs 2000 --seed 3
 *     npm run fuzz -- all --runs 10000000 --seconds 600      # for each target
 *     npm run fuzz -- gguf --input FILE      # one input again
 *     npm run fuzz -- ./my-target.mjs
 *     npm run fuzz -- gguf --keep            # later runs begin with inputs that take branches which the seeds do not
 *
 * Ctrl-C ends it early, with its report. N inputs are made anew, besides the seeds and the kept inputs.
 *
 * A target is a module of `targets`, or of your own. Its default export has `read(bytes)`, which may refuse an input by a
 * `HoldfastError`, and `check(value, bytes)`, which must accept whatever `read` returned; and `seeds()`, inputs that `read`
 * takes.
 *
 * One run at a time: the sources are compiled into `dist-fuzz`, if they changed.
 *
 * Inputs that fail are written to `fuzz/findings`. Exit code 1 if there are any. Native code, which the target `request` runs,
 * may end the process: the next run reports the input.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { readCorpus, writeCorpus } from './corpus.mjs';
import { instrument } from './instrument.mjs';
import { HANG, IDLE_MS, processorMs, timeLimitOf } from './limits.mjs';
import { newMemory, Progress } from './progress.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const TARGETS = readdirSync(here('targets')).map((file) => basename(file, '.mjs'));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    input: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const chosen = positionals[0] === 'all' ? TARGETS : positionals;
const isModule = (target) => target.endsWith('.mjs');
if (chosen.length === 0 || !chosen.every((target) => TARGETS.includes(target) || isModule(target))) {
  console.error(
    `usage: npm run fuzz -- TARGET [--runs N] [--seconds N] [--seed N] [--keep] [--input FILE]\ntargets: all, ${TARGETS.join(', ')}`,
  );
  process.exit(2);
}
if (options.keep && (options.input !== undefined || chosen.some(isModule))) {
  console.error('--keep is for new inputs of the targets of this folder');
  process.exit(2);
}

const HEAP_MIB = 1024;
/** Workers that may hang or die before a run is given up. */
const MOST_DEATHS = 5;

const { branches, literals } = await instrument();
/** Ends the worker that runs, after its input. */
let stopWorker = () => {};
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopped = true;
    stopWorker();
  });
}
let failed = false;
for (const target of chosen) if (!stopped) failed = (await fuzz(target)) || failed;
process.exitCode = failed ? 1 : 0;

/** Runs a target; starts another worker for the runs that are left if one hangs or dies. @returns whether an input failed */
async function fuzz(target) {
  const name = basename(target, '.mjs');
  const module = pathToFileURL(isModule(target) ? target : here(`targets/${name}.mjs`)).href;
  const inputs = options.input === undefined ? null : [new Uint8Array(readFileSync(options.input))];
  const wanted = inputs === null ? Number(options.runs) : 0;
  const corpus = readCorpus(target);
  const begun = Date.now();
  const untilMs = begun + 1000 * Number(options.seconds);
  const running = join(here('findings'), `${name}-running`);
  let [made, done, accepted, deaths, findings, last] = [0, 0, 0, 0, 0, null];
  mkdirSync(here('findings'), { recursive: true });
  if (existsSync(running)) {
    const what = 'An earlier run ended in this input: it was stopped, or the input ended its process.';
    report(target, { what, input: readFileSync(running) });
    rmSync(running);
    findings++;
  }
  do {
    last = await work(
      {
        module,
        running,
        inputs,
        corpus,
        keeps: options.keep,
        untilMs,
        runs: wanted - made,
        seed: Number(options.seed) + deaths,
      },
      (finding) => {
        findings++;
        report(target, finding);
      },
    );
    made += last.made;
    done += last.done;
    accepted += last.accepted;
    if (last.death !== null) {
      findings++;
      deaths++;
      report(target, last.death);
    }
  } while (last.death !== null && made < wanted && Date.now() < untilMs && deaths < MOST_DEATHS && !stopped);
  rmSync(running, { force: true });
  const seconds = Math.round((Date.now() - begun) / 1000);
  const runs = `${done} inputs, ${made} of them new, in ${seconds} s, ${accepted} accepted`;
  console.log(`${name}: ${runs}, ${last.branches} branches, ${findings} findings (seed ${options.seed})`);
  if (options.keep && last.cover !== null) writeCorpus(target, last.cover);
  else if (options.keep) console.error(`${name}: no inputs are kept of a run that ended in this way`);
  return findings > 0;
}

/** Runs a worker to its end. @returns what it found, the runs that it did, and the input that it died of; null for none */
function work(task, onFinding) {
  const shared = newMemory();
  const progress = new Progress(shared);
  stopWorker = () => progress.set('stop', 1);
  const rounded = Math.ceil(branches / 4) * 4;
  const worker = new Worker(here('worker.mjs'), {
    workerData: { ...task, branches: rounded, literals, shared },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  return new Promise((resolve) => {
    let [at, since, idle] = [0, processorMs(), 0];
    const ended = (result) => {
      clearInterval(timer);
      void worker.terminate();
      const [done, accepted, made] = ['done', 'accepted', 'made'].map((slot) => progress.get(slot));
      resolve({ branches: 0, cover: null, death: null, done, accepted, made, ...result });
    };
    const died = (what) => ended({ death: { what, input: progress.input } });
    /** Time for which the worker had nothing to do: however busy the machine is, an input has something to do. */
    const idleMs = () => worker.performance.eventLoopUtilization().idle;
    const timer = setInterval(() => {
      const now = progress.get('beats');
      if (now !== at) [at, since, idle] = [now, processorMs(), idleMs()];
      else if (now > 0 && processorMs() - since > HANG * timeLimitOf(progress.input)) {
        died(`it takes more than ${HANG} times the limit of a single use`);
      } else if (now > 0 && idleMs() - idle > IDLE_MS) {
        died(`it waits for more than ${IDLE_MS} ms for something that does not come`);
      }
    }, 500);
    worker.on('message', (message) => {
      if (message.finding !== undefined) onFinding(message.finding);
      else ended(message);
    });
    worker.on('error', (error) => died(`the thread ends: ${error.stack ?? error}`));
    // After its last message this comes too late to matter.
    worker.on('exit', (code) =>
      died(`the thread exits with code ${code}: it waits for nothing, or was told to`),
    );
  });
}

function report(target, { what, input }) {
  const id = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const file = join(here('findings'), `${basename(target, '.mjs')}-${id}`);
  writeFileSync(file, input);
  console.error(`\n${what}\nthe input: npm run fuzz -- ${target} --input ${file}\n`);
}
