#!/usr/bin/env node
/**
 * Kills commands (SIGKILL) at random moments, again and again on the same files, and then lets them end. Checks after
 * every kill that each file under a final name is whole and that none was lost; and in the end that all bytes are those of
 * a run that nothing disturbed, and that no temporary file is left.
 *
 *     npm run build && node scripts/breaking/kill.mjs --kills 1000 --seed 1
 *     node scripts/breaking/kill.mjs --only download --kills 50
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../dist/random.js';
import { COMMANDS, faultsOf, filesOf, isTemporary, placeOf, start } from './commands.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: Object.keys(COMMANDS) },
    /** Kills of one folder, after which the command may end. */
    chain: { type: 'string', default: '10' },
    /** After so many seconds a command is killed no more. */
    seconds: { type: 'string', default: 'Infinity' },
  },
});
const random = createRandom(Number(values.seed));
const root = mkdtempSync(join(tmpdir(), 'holdfast-kill-'));
const share = Math.ceil(Number(values.kills) / values.only.length);
let failed = false;

for (const name of values.only) {
  const command = COMMANDS[name];
  const undisturbed = await placeOf(command, join(root, name));
  const since = performance.now();
  const { code, text } = await start(command, undisturbed).ended;
  if (code !== 0) throw new Error(`${name} fails undisturbed: ${text}`);
  const longestMs = 1.2 * (performance.now() - since);
  const expected = filesOf(undisturbed.out, command.ignored);
  const count = { kills: 0, ended: 0, chains: 0, refused: 0 };
  const faults = new Set();

  const until = performance.now() + 1000 * Number(values.seconds);
  for (let chain = 0; count.kills < share && performance.now() < until; chain++) {
    const place = { ...undisturbed, out: join(undisturbed.folder, 'killed') };
    let before = new Map();
    const look = (moment) => {
      const looked = faultsOf(command, place, expected, before);
      for (const fault of looked.faults) faults.add(`chain ${chain}, ${moment}: ${fault}`);
      before = looked.now;
    };
    for (let kill = 0; kill < Number(values.chain); kill++) {
      const runners = Array.from({ length: command.runners }, () => {
        const runner = start(command, place);
        setTimeout(() => runner.child.kill('SIGKILL'), random() * longestMs);
        return runner.ended;
      });
      for (const { signal } of await Promise.all(runners)) count[signal === 'SIGKILL' ? 'kills' : 'ended']++;
      look(`kill ${kill}`);
    }
    const last = await start(command, place).ended;
    const refused = last.code !== 0 && command.refuses?.test(last.text) === true;
    if (refused) count.refused++;
    else if (last.code !== 0) faults.add(`chain ${chain}: the last run failed: ${last.text}`);
    look('at the end');
    const left = [...before.keys()].filter(isTemporary);
    if (!refused) {
      for (const file of left) faults.add(`chain ${chain}: ${file} is left`);
      for (const file of expected.keys()) {
        if (before.get(file) !== expected.get(file))
          faults.add(`chain ${chain}: ${file} is not as undisturbed`);
      }
    }
    count.chains++;
    rmSync(place.out, { recursive: true, force: true });
  }
  undisturbed.stop();
  console.log(
    `${name}: ${count.kills} kills in ${count.chains} folders, ${count.ended} runs ended before, ` +
      `${count.refused} refused afterwards, ${faults.size} faults`,
  );
  for (const fault of [...faults].slice(0, 10)) console.log(`  ${fault}`);
  failed ||= faults.size > 0;
}
rmSync(root, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;
