import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makePlace, type Place, type StubSpec } from './stub-study.js';

const SPEC: StubSpec = {
  name: 'tiny',
  dialogues: 3,
  arms: { off: 'o', on: 'n' },
  analysis: { primary: 'late stability', contrasts: [{ left: 'on', right: 'off' }], margin: 0.05 },
};
const CHANGED: StubSpec = { ...SPEC, analysis: { ...SPEC.analysis, primary: 'early stability' } };

const studyOf = (place: Place, folder = 'out') =>
  JSON.parse(readFileSync(place.at(`${folder}/study.json`), 'utf8'));

describe('the analysis plan of a study', () => {
  it('is locked with its hash before the first cell, with its dialogues and arms', async () => {
    const place = makePlace();
    const { code } = await place.run(['run', place.spec(SPEC), '--out', 'out']);
    expect(code).toBe(0);
    const { analysis } = studyOf(place);
    expect(analysis).toEqual({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      plan: {
        ...{ primary: 'late stability', early: [1, 1], late: [2, 2], margin: 0.05 },
        contrasts: [{ left: 'on', right: 'off' }],
        sources: [{ name: 'talk', first: 0, dialogues: 3, rounds: 2 }],
        seeds: [1],
        arms: [{ name: 'off' }, { name: 'on' }],
      },
    });
    const { stdout } = await place.run(['status', 'out']);
    expect(stdout).toContain(`\nanalysis plan: locked before the first cell, SHA-256 ${analysis.sha256}\n`);
  });

  it('stays as it was when the specification changes', async () => {
    const place = makePlace();
    await place.run(['run', place.spec(SPEC), '--out', 'out']);
    const { analysis } = studyOf(place);
    await place.run(['run', place.spec(CHANGED), '--out', 'out']);
    expect(studyOf(place).spec.primary).toBe('early stability');
    expect(studyOf(place).analysis).toEqual(analysis);
    await place.run(['run', place.spec({ ...SPEC, dialogues: 5 }), '--out', 'out']);
    expect(studyOf(place).analysis).toEqual(analysis);
  });

  it('may change until a cell is computed', async () => {
    const place = makePlace();
    await place.run(['run', place.spec(SPEC), '--out', 'out']);
    rmSync(place.at('out/cells'), { recursive: true });
    await place.run(['run', place.spec(CHANGED), '--out', 'out']);
    expect(studyOf(place).analysis.plan.primary).toBe('early stability');
  });

  it('cannot be locked where there are cells already', async () => {
    const place = makePlace();
    await place.run(['run', place.spec(SPEC), '--out', 'out']);
    for (const name of readdirSync(place.at('out'))) {
      if (name !== 'cells') rmSync(place.at(`out/${name}`));
    }
    await place.run(['run', place.spec(CHANGED), '--out', 'out']);
    expect(studyOf(place).analysis).toBeNull();
    const { stdout } = await place.run(['status', 'out']);
    expect(stdout).toContain('analysis plan: none was locked before the first cell\n');
  });

  it('is not locked by a run on calibration dialogues, which is resumed as one', async () => {
    const place = makePlace();
    await place.run(['run', place.spec(SPEC), '--out', 'out', '--calibrate', '--dry-run']);
    expect(studyOf(place).analysis).toBeNull();
    const { stdout } = await place.run(['status', 'out']);
    expect(stdout).toMatch(/To resume: .*--calibrate/);
  });

  it('is not accepted if it was edited after it was locked', async () => {
    const place = makePlace();
    await place.run(['run', place.spec(SPEC), '--out', 'out']);
    const study = studyOf(place);
    study.analysis.plan.margin = 0.2;
    writeFileSync(place.at('out/study.json'), JSON.stringify(study));
    const { code, stderr } = await place.run(['status', 'out']);
    expect(code).toBe(1);
    expect(stderr).toContain('E_UNREADABLE: the analysis plan was changed after it was locked');
  });

  it('is that of the shards if they agree, and none if they differ', async () => {
    const place = makePlace();
    const shard = (spec: StubSpec, part: string, out: string) =>
      place.run(['run', place.spec(spec), '--shard', part, '--out', out]);
    await shard(SPEC, '1/2', 'a');
    await shard(SPEC, '2/2', 'b');
    await shard(CHANGED, '2/2', 'c');
    const same = await place.run(['merge', 'a', 'b', '--out', 'ab']);
    expect(same.stdout).not.toContain('analysis plans');
    expect(studyOf(place, 'ab').analysis).toEqual(studyOf(place, 'a').analysis);
    const other = await place.run(['merge', 'a', 'c', '--out', 'ac']);
    expect(other.stdout).toContain('The parts locked different analysis plans');
    expect(studyOf(place, 'ac').analysis).toBeNull();
    // The folder that is merged into counts too.
    await place.run(['merge', 'c', '--out', 'ab']);
    expect(studyOf(place, 'ab').analysis).toBeNull();
  });
});
