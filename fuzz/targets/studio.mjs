import { ok, strictEqual } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { modelWith } from '../../dist-fuzz/engine/index.js';
import { loadModel } from '../../dist-fuzz/load.js';
import { createStudioApp, StudioHosts, Workload } from '../../dist-fuzz/server/index.js';
import { createHost } from '../../dist-fuzz/studio/index.js';
import { constantExecutor } from '../constant-executor.mjs';
import { nextUse } from '../memory.mjs';
import { bodyOf, post } from '../requests.mjs';
import { jsonOf, refuse } from '../sources.mjs';

const model = await loadFixture();

/**
 * An operation of the studio, and the body of the request for it. It is done or refused, never with an error that only a bug
 * has; a file that it returns can be opened.
 */
export default {
  rooms: ['server/studio', 'studio', 'dialogue'],
  kind: 'json',
  longest: 8192,
  seeds: () => Object.entries(TAKES).map(([operation, takes]) => bodyOf({ operation, ...CALL, takes })),
  async read(bytes) {
    const { operation, ...body } = Object(jsonOf(bytes));
    if (typeof operation !== 'string' || !/^\w+$/.test(operation)) refuse('not the name of an operation');
    return { operation, returns: await done(operation, bodyOf(body)) };
  },
  async check({ operation, returns }) {
    const file = FILES[operation];
    if (file === undefined) return;
    nextUse();
    const opened = await done(file.opener, bodyOf({ ...CALL, takes: file.takes(returns) }));
    strictEqual(opened.kind, file.kind);
  },
};

/** The operations that return a file, and what opens it. */
const FILES = {
  save: { kind: 'dialogue', opener: 'open', takes: (json) => ({ json, system: null }) },
  hold: { kind: 'hold', opener: 'open', takes: (json) => ({ json, system: null }) },
  trace: { kind: 'trace', opener: 'opentrace', takes: (file) => ({ file }) },
};

/** Runs an operation in a studio that has loaded a model. @returns what it returns @throws HoldfastError if it is refused */
async function done(operation, body) {
  const workload = new Workload();
  const hosts = new StudioHosts(() => createHost(SOURCE, '0.1.0'));
  const app = createStudioApp({ page: new Map(), hosts }, workload);
  try {
    await post(app, '/studio/load', bodyOf({ ...CALL, takes: TAKES.load }));
    const parts = await post(app, `/studio/${operation}`, body);
    strictEqual(workload.running, 0, 'an operation is still running');
    const last = parts.at(-1);
    if (last?.error !== undefined) refuse(last.error.message);
    if (last === null) return null; // stop and leave have no stream
    ok(
      parts.slice(0, -1).every(({ kind }) => kind === 'report'),
      'a line after the end',
    );
    if (last.kind === 'failed') {
      ok(last.failure.code !== 'E_BUG', last.failure.message);
      refuse(last.failure.message);
    }
    strictEqual(last.kind, 'done');
    return last.returns;
  } finally {
    await hosts.dispose();
  }
}

async function loadFixture() {
  const path = fileURLToPath(new URL('../../test/fixtures/models/llama', import.meta.url));
  const loaded = await loadModel(path, { executor: 'reference' });
  return modelWith(loaded, {
    executor: constantExecutor(loaded.executor.blueprint),
    dispose: async () => {},
  });
}

const SOURCE = {
  models: async () => [{ name: 'tiny', place: 'here', about: 'a fixture' }],
  executors: async () => [],
  load: async ({ name }) => ({ model: modelWith(model, { name }), notes: [], contextLength: 96 }),
};

const CALL = { page: 'a', call: '1' };
const STEER = {
  policy: 'split-softmax',
  schedule: { kind: 'constant', strength: 0.5 },
  target: 'message',
  pairs: [[0, 1]],
};
const DRAW = { temperature: 1, topP: 0.9, seed: 5, maxTokens: 3 };
const TURN = {
  ...{ system: 'Hold fast.', user: 'a', assistant: 'b', ids: null, begun: 0, strengths: null },
  ...{ finish: 'stop', steer: STEER, draw: DRAW },
};
const ANSWERED = { ...TURN, ids: [5, 6], strengths: [1, 0.5], finish: 'length' };
const DIALOGUE = { system: 'Hold fast.', past: [TURN, ANSWERED], steer: STEER };
const ASKED = { ...DIALOGUE, column: 'held', user: 'hello', draw: DRAW };
const MESSAGES = ['system', 'user', 'assistant'].map((role) => ({ role, content: role }));

/** What each operation takes. Those on studies need folders, and have tests of their own. */
const TAKES = {
  models: null,
  executors: null,
  load: { name: 'tiny', executor: null },
  answer: { ...ASKED, begin: [7], strengths: [0.5], measureOnly: false },
  strength: { column: 'held', strength: 0.5 },
  compare: { ...DIALOGUE, user: 'hello', assistant: 'good' },
  save: { ...DIALOGUE, column: 'held', draw: DRAW },
  open: { json: { messages: MESSAGES }, system: null },
  hold: { system: 'Hold fast.', steer: STEER },
  // An executor that computes nothing gives a policy nothing to change.
  trace: { ...DIALOGUE, steer: { ...STEER, policy: 'off', schedule: null }, strength: null },
  studies: null,
  stop: null,
  leave: null,
};
