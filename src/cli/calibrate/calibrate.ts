import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type Calibration,
  calibrationFiles,
  choosingText,
  chosenIn,
  confirmedIn,
  confirmingText,
  controlOf,
  dearerWords,
  holdOf,
  isControl,
  outcomeOf,
  pagePaths,
  triedArms,
  triedTable,
  verdictWords,
} from '../../calibration/index.js';
import { holdText } from '../../dialogue/index.js';
import { HoldfastError } from '../../errors.js';
import { checkWritable, writeWhole } from '../../files/index.js';
import type { StudyResult } from '../../findings/index.js';
import { sha256 } from '../../hash.js';
import { readPackage } from '../../package.js';
import { readableTable, textTable } from '../../report/index.js';
import { CELLS } from '../../study/index.js';
import { decimal, refuseOverwrite, writeDerived } from '../options/index.js';
import { quoted, stdout } from '../terminal/index.js';
import {
  addPromptOptions,
  commandLine,
  openPromptStudy,
  type PromptFlags,
  prepare,
  recordOf,
} from './prepare.js';
import { runStage, untilStopped } from './run-stage.js';

interface CalibrateFlags extends PromptFlags {
  readonly budget: number;
  readonly out: string;
}

/**
 * Adds `holdfast calibrate`.
 * @param cells a module that computes cells; tests replace it
 */
export function addCalibrateCommand(command: Command, cells: URL = CELLS): void {
  addPromptOptions(command, {
    rounds: 10,
    dialogues: 8,
    dialoguesAre: 'dialogues to choose on; the choice is tested on twice as many others',
  })
    .option(
      '--budget <x>',
      'the most that a setting may cost: KL divergence from the untouched model, nats a token',
      decimal,
      0.02,
    )
    .option(
      '--out <file>',
      'the file of the hold; its study and page are in a folder of that name',
      'hold.json',
    )
    .option(
      '--force',
      'replace the file of --out if it exists, and files of its folder that the command did not write, or that were changed since',
    )
    .action((named: string | undefined, flags: CalibrateFlags) =>
      untilStopped(calibrate(named, flags, cells)),
    );
}

async function calibrate(named: string | undefined, flags: CalibrateFlags, cells: URL): Promise<void> {
  const { out, budget } = flags;
  if (!/\.json$/i.test(out)) throw new HoldfastError('E_USAGE', `--out must end in .json: ${out}`);
  if (!(budget > 0)) throw new HoldfastError('E_USAGE', `--budget must be above 0: ${budget}`);
  await checkWritable(out);
  refuseOverwrite([out], flags);
  const prepared = await prepare(named, out.replace(/\.json$/i, ''), flags, 2 * flags.dialogues, [
    'choose.yaml',
    'confirm.yaml',
    ...pagePaths('calibration'),
  ]);
  const { folder, study, system } = prepared;
  const reading = { outcome: outcomeOf(study), reference: 'others' };

  const trying = await openPromptStudy(
    folder,
    'choose',
    choosingText(study, triedArms(prepared.layers, reading.outcome === 'influence')),
    true,
    flags,
  );
  const { arms } = trying.spec;
  const settings = arms.filter((each) => !isControl(each)).slice(1);
  const tried = await runStage(
    trying,
    `trying ${settings.length} settings on ${flags.dialogues} dialogues of ${flags.rounds} rounds`,
    prepared,
    flags,
    cells,
  );
  const choosing = chosenIn(tried, reading, budget);
  const arm = settings.find(({ name }) => name === choosing.choice.name) ?? null;
  let last: StudyResult = tried;
  let confirmation: Calibration['confirmation'] = null;
  if (arm !== null) {
    const testing = await openPromptStudy(
      folder,
      'confirm',
      confirmingText(study, {
        setting: arm,
        control: controlOf(arm, arms) ?? null,
        late: choosing.late,
      }),
      false,
      flags,
    );
    last = await runStage(
      testing,
      `testing ${arm.name} on ${study.dialogues} other dialogues`,
      prepared,
      flags,
      cells,
    );
    confirmation = confirmedIn(last, reading);
  }
  const calibration: Calibration = {
    ...{ outcome: reading.outcome, budget, rounds: flags.rounds },
    ...{ choosing, arm, confirmation },
  };
  const [model] = trying.models;
  const hold = holdOf(calibration, {
    library: readPackage().version,
    date: last.now!.slice(0, 10),
    model: { name: model!.name, hash: model!.hash, layers: model!.layers, heads: model!.heads },
    prompt: await sha256(system),
    executor: study.model.executor,
    precision: study.model.precision ?? study.model.executor,
  });
  const use = `${commandLine('chat', prepared.called)} --system-file ${quoted(flags.systemFile)} --hold ${quoted(out)}`;
  const tested = confirmation === null ? '' : `; tested on ${confirmation.held.dialogues} others`;
  await writeDerived(
    folder,
    await calibrationFiles(calibration, {
      model: model!.name,
      system,
      use,
      record: recordOf(study, last, `chosen on ${choosing.off.dialogues}${tested}; ${study.rounds} rounds`, [
        'studies',
        'choose.yaml and confirm.yaml beside this page; `holdfast study report` shows all of them',
      ]),
    }),
    flags,
  );
  // Last: a run that ended before needs no --force to be run again.
  await writeWhole(out, [Buffer.from(holdText(hold))]);
  const dearer = dearerWords(calibration);
  stdout.lines([
    ...textTable(readableTable(triedTable(calibration))),
    '',
    verdictWords(calibration),
    ...(dearer === null ? [] : [dearer]),
    `${out}: the hold; ${join(folder, 'index.html')}: its page`,
    use,
  ]);
}
