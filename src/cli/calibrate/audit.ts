import { basename, extname, join } from 'node:path';
import type { Command } from 'commander';
import { auditFiles, auditOf, auditText, auditWords, pagePaths } from '../../calibration/index.js';
import { CELLS } from '../../study/index.js';
import { writeDerived } from '../options/index.js';
import { stdout } from '../terminal/index.js';
import {
  addPromptOptions,
  commandLine,
  openPromptStudy,
  type PromptFlags,
  prepare,
  recordOf,
} from './prepare.js';
import { runStage, untilStopped } from './run-stage.js';

interface AuditFlags extends PromptFlags {
  readonly out?: string;
}

/**
 * Adds `holdfast audit`.
 * @param cells a module that computes cells; tests replace it
 */
export function addAuditCommand(command: Command, cells: URL = CELLS): void {
  addPromptOptions(command, { rounds: 20, dialogues: 8, dialoguesAre: 'dialogues to watch' })
    .option(
      '--out <folder>',
      'the folder of the page and its study (default: audits/NAME, for the file NAME.txt)',
    )
    .option(
      '--force',
      'also replace files of the folder that the command did not write, or that were changed since',
    )
    .action((named: string | undefined, flags: AuditFlags) => untilStopped(audit(named, flags, cells)));
}

async function audit(named: string | undefined, flags: AuditFlags, cells: URL): Promise<void> {
  const { systemFile: file, rules, dialogues } = flags;
  const folder = flags.out ?? join('audits', basename(file, extname(file)));
  const prepared = await prepare(named, folder, flags, dialogues, ['audit.yaml', ...pagePaths('audit')]);
  const { study, system, contextLength, called } = prepared;
  const opened = await openPromptStudy(folder, 'audit', auditText(study), false, flags);
  const result = await runStage(
    opened,
    `watching ${dialogues} dialogues of ${flags.rounds} rounds`,
    prepared,
    flags,
    cells,
  );
  const found = auditOf(result);
  const [model] = result.models;
  const next = commandLine(
    'calibrate',
    called,
    '--system-file',
    file,
    ...(rules === undefined ? [] : ['--rules', rules]),
  );
  const facts = {
    ...{ model: model!.name, system, contextLength, next },
    record: recordOf(study, result, `${found.dialogues} of ${found.rounds} rounds`, [
      'study',
      'audit.yaml beside this page; `holdfast study report` shows all of it',
    ]),
  };
  await writeDerived(folder, await auditFiles(found, facts), flags);
  stdout.lines([...auditWords(found, facts), `${join(folder, 'index.html')}: the page`, `next: ${next}`]);
}
