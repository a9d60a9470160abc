#!/usr/bin/env node
/**
 * Tries what native code does not forgive, on an executor of ggml or Dawn: a thousand loads and disposals, during which the
 * resident memory must not grow; two models at once, which must give the bits of one; and disposal in the middle of passes.
 * Each part runs in a child process, so that one that aborts, or does not end, is seen. Exit code 1 if one fails.
 *
 *     npm run build && node scripts/native-edges.mjs [--executor cpu|gpu] [--loads 1000] [--passes 200]
 */
import { deepStrictEqual } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadModel } from '../dist/load.js';
import { growthOf } from './slope.mjs';

const { values: options } = parseArgs({
  options: {
    executor: { type: 'string', default: 'cpu' },
    loads: { type: 'string', default: '1000' },
    passes: { type: 'string', default: '200' },
    part: { type: 'string' },
  },
});
const fixture = (name) => fileURLToPath(new URL(`../test/fixtures/models/${name}`, import.meta.url));
const load = (name) =>
  loadModel(name, { executor: options.executor, ...(options.executor === 'cpu' ? { threads: 1 } : {}) });

/** Returns the logits of all tokens on a new sequence. */
async function logitsOf({ executor }, tokens) {
  const sequence = executor.open(64);
  const [{ logits }] = await executor.forward([{ sequence, tokens, logits: 'all' }]);
  sequence.dispose();
  return logits;
}

const tokensOf = ({ executor: { blueprint } }, first, count) =>
  Array.from({ length: count }, (_, i) => (first * 7 + i * 3) % blueprint.vocabSize);

/**
 * Bytes that all loads together may leave behind: resident memory goes up and down by 2 MiB whatever is loaded. So a thousand
 * loads show a leak of a page a load, and a hundred one of 42 KiB; a model takes 900 KiB here.
 */
const MOST_BYTES = 4 * 2 ** 20;

const PARTS = {
  async loads() {
    const loads = Number(options.loads);
    const path = fixture('llama');
    const points = [];
    process.stdout.write(`${loads} loads and disposals: resident MiB`);
    for (let done = 0; done < loads; done++) {
      const model = await load(path);
      await logitsOf(model, tokensOf(model, done, 8));
      await model.dispose();
      globalThis.gc();
      if ((done + 1) % Math.ceil(loads / 20) > 0) continue;
      points.push([done + 1, process.memoryUsage.rss()]);
      process.stdout.write(` ${(points.at(-1)[1] / 2 ** 20).toFixed(1)}`);
    }
    process.stdout.write('\n');
    // Of the first loads much stays: the libraries, compiled programs, the heap's own size.
    const growth = growthOf('bytes in the second half', points.slice(points.length >> 1), {
      most: MOST_BYTES / loads,
      per: 'load',
    });
    console.log(growth.text);
    if (growth.grows) throw new Error('loads leave memory behind');
  },

  async twoModels() {
    const names = ['llama', 'gemma2'].map(fixture);
    const alone = [];
    for (const name of names) {
      const model = await load(name);
      alone.push(await Promise.all([1, 2, 3].map((first) => logitsOf(model, tokensOf(model, first, 20)))));
      await model.dispose();
    }
    const models = await Promise.all(names.map(load));
    const passes = Number(options.passes);
    for (let done = 0; done < passes; done++) {
      const together = await Promise.all(
        models.map((model) =>
          Promise.all([1, 2, 3].map((first) => logitsOf(model, tokensOf(model, first, 20)))),
        ),
      );
      deepStrictEqual(together, alone);
    }
    await Promise.all(models.map((model) => model.dispose()));
    if (passes === 0) throw new Error('no pass was run');
    console.log(`two models at once: ${passes} times 6 passes, all equal in bits to those of one model`);
  },

  async disposals() {
    const passes = Number(options.passes);
    const ends = new Map();
    let inProgress = 0;
    for (let done = 0; done < passes; done++) {
      const model = await load(fixture(done % 2 === 0 ? 'llama' : 'gemma2'));
      const sequences = Array.from({ length: 1 + (done % 3) }, () => model.executor.open(600));
      const running = sequences.map((sequence, i) =>
        model.executor.forward([{ sequence, tokens: tokensOf(model, i, 500), logits: 'all' }]).then(
          () => 'answered',
          ({ code, message }) => code ?? `not a HoldfastError: ${message}`,
        ),
      );
      const hasBegun = done % 4 > 0;
      if (hasBegun) await wait((done % 10) / 2);
      if (done % 5 === 0) sequences[0].dispose();
      const disposed = model.dispose();
      for (const end of await Promise.all(running)) {
        ends.set(end, (ends.get(end) ?? 0) + 1);
        if (hasBegun && end === 'E_DISPOSED') inProgress++;
      }
      await disposed;
      for (const sequence of sequences) sequence.dispose();
    }
    const strange = [...ends.keys()].filter((end) => end !== 'answered' && end !== 'E_DISPOSED');
    if (strange.length > 0) throw new Error(strange.join('; '));
    if (inProgress === 0) throw new Error('no pass was in progress when its model was disposed of');
    const counts = [...ends].map(([end, count]) => `${count} ${end}`).join(', ');
    console.log(`${passes} disposals: ${counts}; ${inProgress} passes were in progress`);
  },
};

/** After so many minutes a part is taken to hang. */
const MOST_MINUTES = 60;

if (options.part !== undefined) await PARTS[options.part]();
else {
  for (const part of Object.keys(PARTS)) {
    const args = ['--expose-gc', ...process.argv.slice(1), '--part', part];
    const limit = { timeout: 60_000 * MOST_MINUTES, killSignal: 'SIGKILL' };
    const { status, signal, error } = spawnSync(process.execPath, args, { stdio: 'inherit', ...limit });
    if (status === 0) continue;
    const end =
      error?.code === 'ETIMEDOUT' ? `no end in ${MOST_MINUTES} minutes` : (signal ?? `exit code ${status}`);
    console.error(`${part} on ${options.executor}: ${end}`);
    process.exitCode = 1;
  }
}
