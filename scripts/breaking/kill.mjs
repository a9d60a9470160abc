#!/usr/bin/env node
/**
 * Kills commands (SIGKILL) at random moments, again and again on the same files, and then lets them end. Checks after
 * every kill that each file under a final name is whole, that none was lost and none is there that should not be, and that
 * all is there which the command had said was done; and in the end that the files, and their bytes, are those of a run that
 * nothing disturbed. A command that is not killed must end well.
 *
 *     npm run build && node scripts/breaking/kill.mjs --kills 1000 --seed 1
 *     node scripts/breaking/kill.mjs --only download --kills 50
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../dist/random.js';
import { COMMANDS, faultsAtEnd, faultsOf, faultsOfWords, start, undisturbed } from './commands.mjs';

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
  const { place: own, ms, contents } = await undisturbed(command, join(root, name));
  const longestMs = 1.2 * ms;
  const count = { kills: 0, ended: 0, chains: 0, refused: 0 };
  const faults = new Set();
  const isRefusal = ({ code, text }) => code === 1 && command.refuses?.test(text) === true;

  const until = performance.now() + 1000 * Number(values.seconds);
  for (let chain = 0; count.kills < share && performance.now() < until; chain++) {
    const place = { ...own, out: join(own.folder, 'killed') };
    const note = (moment, what) => faults.add(`chain ${chain}, ${moment}: ${what}`);
    let before = new Map();
    let refused = false;
    for (let kill = 0; kill < Number(values.chain) && !refused; kill++) {
      const runners = Array.from({ length: command.runners }, () => {
        const runner = start(command, place);
        setTimeout(() => runner.child.kill('SIGKILL'), random() * longestMs);
        return runner.ended;
      });
      const ends = await Promise.all(runners);
      const moment = `kill ${kill}`;
      const looked = faultsOf(command, place, contents, before);
      before = looked.now;
      for (const fault of looked.faults) note(moment, fault);
      for (const end of ends) {
        for (const fault of faultsOfWords(command, place, contents, end.text)) note(moment, fault);
        if (end.signal === 'SIGKILL') count.kills++;
        else if (isRefusal(end)) refused = true;
        else if (end.code === 0) count.ended++;
        else note(moment, `exit code ${end.code}, signal ${end.signal}: ${end.text}`);
      }
    }
    const last = await start(command, place).ended;
    refused = isRefusal(last);
    if (refused) count.refused++;
    else if (last.code !== 0) note('at the end', `exit code ${last.code}: ${last.text}`);
    // What a refused folder has must be whole still.
    const atEnd = refused
      ? faultsOf(command, place, contents, before).faults
      : faultsAtEnd(command, place, contents);
    for (const fault of atEnd) note('at the end', fault);
    count.chains++;
    rmSync(place.out, { recursive: true, force: true });
  }
  own.stop();
  console.log(
    `${name}: ${count.kills} kills in ${count.chains} folders, ${count.ended} runs ended before, ` +
      `${count.refused} refused afterwards, ${faults.size} faults`,
  );
  for (const fault of [...faults].slice(0, 10)) console.log(`  ${fault}`);
  if (count.kills === 0) console.log('  nothing was killed, so nothing is known');
  failed ||= faults.size > 0 || count.kills === 0;
}
rmSync(root, { recursive: true, force: true });
process.exitCode = failed ? 1 : 0;
