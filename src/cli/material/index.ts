/**
 * `holdfast material`: brings published data into the form of our material. Loaded only when it is called.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { HoldfastError } from '../../errors.js';
import { makeFolder, writeWhole } from '../../files/index.js';
import {
  type FormatName,
  IMPORT_FORMATS,
  type ImportedMaterial,
  importMaterial,
  loadMaterial,
} from '../../material/index.js';
import { note, stdout } from '../terminal/index.js';

interface ImportOptions {
  readonly out: string;
  readonly format?: FormatName;
}

/** Adds the subcommands of `holdfast material`. */
export function addMaterialCommands(material: Command): void {
  material
    .command('import')
    .description('turn published data that you have into a folder of material')
    .argument('<folder>', 'the folder with the published files')
    .requiredOption('--out <folder>', 'the folder to write; it must not exist')
    .addOption(
      new Option(
        '--format <name>',
        `the collection, if the folder has files of several: ${IMPORT_FORMATS.join(', ')}`,
      ).choices(IMPORT_FORMATS),
    )
    .action(runImport);
}

async function runImport(folder: string, { out, format }: ImportOptions): Promise<void> {
  if (existsSync(out)) {
    throw new HoldfastError('E_UNWRITABLE', 'the folder exists', {
      file: out,
      hint: 'Choose another --out, or remove the folder',
    });
  }
  const imported = importMaterial(folder, format);
  for (const { path, text } of imported.files) {
    const file = join(out, path);
    await makeFolder(join(file, '..'));
    await writeWhole(file, [Buffer.from(text)]);
  }
  loadMaterial(out); // checks what was written
  stdout.lines(report(imported, out));
  if (imported.files.every(({ path }) => path !== 'LICENSE')) note('the folder has no file LICENSE to copy');
}

function report(
  { format, read, prompts, scripts, recorded, skipped }: ImportedMaterial,
  out: string,
): string[] {
  return [
    `${format}: read ${read.join(', ')}`,
    `${out}: prompts judged by program: ${prompts}, scripts: ${scripts}, recorded dialogues: ${recorded}`,
    ...[...skipped].map(([reason, count]) => `left out: ${reason}: ${count}`),
  ];
}
