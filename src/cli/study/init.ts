import type { Command } from 'commander';
import { checkWritable, readText, writeWhole } from '../../files/index.js';
import { packageFile } from '../../package.js';
import { addForceOption, type ForceFlag, refuseOverwrite } from '../options/index.js';
import { commandName, quoted, stdout } from '../terminal/index.js';

/** The example, which runs as it is. */
const EXAMPLE = packageFile('examples/study.yaml');

/** Adds `study init`: writes a commented example of a specification. */
export function addStudyInit(study: Command): void {
  const command = study
    .command('init')
    .description('write a commented example of a study specification, to be changed')
    .argument('[file]', 'the YAML file to write (default: study.yaml)');
  addForceOption(command, 'the file').action(init);
}

async function init(named: string | undefined, flags: ForceFlag): Promise<void> {
  const file = named ?? 'study.yaml';
  await checkWritable(file);
  refuseOverwrite([file], flags, 'name');
  await writeWhole(file, [Buffer.from(await readText(EXAMPLE))]);
  const holdfast = commandName(process.argv[1]!, process.cwd());
  stdout.lines([
    `${file}: a study of the embedded model that runs in about a minute; every key is explained in docs/guide/study-spec.md`,
    `To see its plan: ${holdfast} study run ${quoted(file)} --dry-run`,
  ]);
}
