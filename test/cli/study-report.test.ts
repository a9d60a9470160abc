import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addCompareCommand } from '../../src/cli/study/compare.js';
import { addPowerCommand } from '../../src/cli/study/power.js';
import { addReportCommand } from '../../src/cli/study/report.js';
import { simulateStudy, TRUE_ARMS, type TrueArm } from '../support/simulated-study.js';
import { writeStudy } from '../support/study-folder.js';
import { temporaryFolder } from './holdfast.js';

/** Runs a command of `study` and returns its output. */
async function study(...args: readonly string[]): Promise<string> {
  const program = new Command('study').exitOverride().configureOutput({ writeErr: () => {} });
  for (const add of [addReportCommand, addPowerCommand, addCompareCommand]) add(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  let written = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
  await program.parseAsync(args, { from: 'user' });
  return written;
}
afterEach(() => vi.restoreAllMocks());

async function studyFolder(arms: readonly TrueArm[] = TRUE_ARMS.slice(0, 2)): Promise<string> {
  const folder = temporaryFolder();
  await writeStudy(folder, simulateStudy({ dialogues: 12, rounds: 8, arms }));
  return folder;
}

const HASH = simulateStudy({ dialogues: 12, rounds: 8, arms: TRUE_ARMS.slice(0, 2) }).locked!.sha256;

describe('study report', () => {
  it('writes the report beside the results, or to a given folder', async () => {
    const folder = await studyFolder();
    const out = temporaryFolder();
    const told = await study('report', folder, '--dialogues', '2');
    expect(told).toBe(
      `${join(folder, 'report/index.html')}: the report, with 6 figures and 16 tables beside it\n` +
        `As planned: the analysis plan was locked before the first cell (SHA-256 ${HASH}). It declares no primary outcome, so the report explores.\n`,
    );
    expect(await study('report', folder, '--dialogues', '1', '--out', out)).not.toContain('replaces');
    expect(await study('report', folder, '--dialogues', '2', '--out', out)).toContain(
      'tables beside it; it replaces the one that was there\n',
    );
    const written = readdirSync(out, { recursive: true, encoding: 'utf8' }).sort();
    expect(readdirSync(join(folder, 'report'), { recursive: true, encoding: 'utf8' }).sort()).toEqual(
      written,
    );
    for (const path of written.filter((name) => name.includes('.'))) {
      expect(readFileSync(join(out, path)).equals(readFileSync(join(folder, 'report', path))), path).toBe(
        true,
      );
    }
    appendFileSync(join(out, 'index.html'), '<p>A note of mine.</p>');
    await expect(study('report', folder, '--out', out)).rejects.toThrow(
      /E_UNWRITABLE: the file was changed since this command wrote it \(.*index\.html\)\. .*--force$/,
    );
  });

  it('says what is after the fact where options differ from the plan', async () => {
    const folder = await studyFolder(TRUE_ARMS);
    const report = (...options: readonly string[]) =>
      study('report', folder, '--dialogues', '1', '--out', temporaryFolder(), ...options);
    expect(await report('--late', '5-8')).toContain(
      '\nAfter the fact: this report differs from the analysis plan that was locked before the first cell',
    );
    const more = await report('--contrast', 'growing:split .7', '--early', '1-3', '--margin', '0.1');
    expect(more).toContain(
      'growing against split .7 is not in the plan; the equivalence margin: 0.1 here, none in the plan',
    );
    await expect(report('--contrast', 'growing:on')).rejects.toThrow(/E_USAGE: not two arms of the study/);
    await expect(report('--late', '16')).rejects.toThrow(/FIRST-LAST/);
    await expect(report('--margin', '0')).rejects.toThrow(/above 0 and at most 0\.5/);
  });

  it('rejects a folder without a study', async () => {
    await expect(study('report', temporaryFolder())).rejects.toThrow(
      /E_NOT_FOUND: not the folder of a study/,
    );
  });
});

describe('study power', () => {
  it("gives each arm's detectable effect, and the prompts that an effect needs", async () => {
    const folder = await studyFolder();
    const lines = (await study('power', folder, '--effect', '0.05')).split('\n');
    expect(lines[0]).toContain('prompts for 0.05');
    expect(lines.slice(1, 4).map((line) => line.split(/\s{2,}/)[4])).toEqual(['early', 'late', 'last']);
    const { arms, tests } = JSON.parse(await study('power', folder, '--effect', '0.05', '--json'));
    expect(arms).toHaveLength(3);
    expect(arms[1].needed).toBeGreaterThan(2);
    expect(lines[0]).toContain('corrected');
    expect(arms[1].neededCorrected).toBeGreaterThan(arms[1].needed);
    expect(tests).toEqual({ primary: 0, others: 3 });
  });

  it('refuses an effect that stability cannot have', async () => {
    await expect(study('power', await studyFolder(), '--effect', '2')).rejects.toThrow(
      /above 0 and at most 1/,
    );
  });
});

describe('study compare', () => {
  it('compares two arms, which need no names if there are no others', async () => {
    const folder = await studyFolder();
    expect(await study('compare', folder)).toBe(
      await study('compare', folder, '--arm', 'off', '--arm', 'split .7'),
    );
    expect(await study('compare', folder)).toMatch(/late +12 /);
    expect(await study('compare', folder)).toMatch(/\nAs planned: /);
  });

  it('asks for two arms if there are more, and refuses unknown names', async () => {
    const folder = await studyFolder(TRUE_ARMS);
    await expect(study('compare', folder)).rejects.toThrow(
      /E_USAGE: compare needs two arms; .* has "off", "split \.7", "growing"/,
    );
    await expect(study('compare', folder, '--arm', 'off', '--arm', 'on')).rejects.toThrow(
      /"on" is not an arm of .*Name one of "off", "split \.7"/s,
    );
  });

  it('says that a policy has a new name when an arm is asked for by the former one', async () => {
    const [off, split] = TRUE_ARMS;
    const folder = await studyFolder([off!, { ...split!, name: 'sustain' }, TRUE_ARMS[2]!]);
    await expect(study('compare', folder, '--arm', 'off', '--arm', 'hold')).rejects.toMatchObject({
      code: 'E_USAGE',
      hint: 'the policy hold is now called sustain; --hold is split-softmax. Name one of "off", "sustain", "growing"',
    });
  });

  it('accepts names with commas, as unnamed arms get', async () => {
    const [off, split] = TRUE_ARMS;
    const folder = await studyFolder([off!, { ...split!, name: 'split-softmax, k = 0.7' }, TRUE_ARMS[2]!]);
    const told = await study('compare', folder, '--arm', 'off', '--arm', 'split-softmax, k = 0.7');
    expect(told).toMatch(/off, tiny · organism +split-softmax, k = 0\.7 +late/);
    const others = await study('compare', folder, '--arm', 'growing', '--arm', 'split-softmax, k = 0.7');
    expect(others).toContain('After the fact: ');
    expect(others).toContain('growing against split-softmax, k = 0.7 is not in the plan');
  });

  it('compares two studies on the dialogues that they share, and says if there are none', async () => {
    const folder = await studyFolder();
    expect(await study('compare', folder, await studyFolder(), '--arm', 'off')).toMatch(
      /0\.00 \[−0\.26, \+0\.26\] .*no effect seen, at most 0\.27/,
    );
    expect(await study('compare', folder, await studyFolder(), '--arm', 'off')).toContain(
      'After the fact: the analysis plan of a study has no comparison with another study.',
    );
    const foreign = temporaryFolder();
    await writeStudy(foreign, simulateStudy({ dialogues: 6, rounds: 8, sources: ['elsewhere'] }));
    await expect(study('compare', folder, foreign)).rejects.toThrow(/E_USAGE: no dialogues to pair/);
  });
});
