/**
 * `holdfast view`: writes a trace as a page.
 */
import { extname } from 'node:path';
import type { Command } from 'commander';
import { checkWritable } from '../../files/index.js';
import { openSafetensors } from '../../formats/index.js';
import { fileSource } from '../../hub/index.js';
import { traceInFile } from '../../trace/index.js';
import { writeTracePage } from '../../trace-page/index.js';
import { addForceOption, type ForceFlag, refuseOverwrite, refuseSame } from '../options/index.js';
import { note, stdout } from '../terminal/index.js';

interface ViewFlags extends ForceFlag {
  readonly out?: string;
}

/** Adds the arguments and options of `holdfast view`. */
export function addView(command: Command): void {
  command
    .argument('<file>', 'a trace that holdfast trace wrote')
    .option('--out <file>', "the page to write (default: the trace's path, ending in .html)");
  addForceOption(command, 'the page').action(view);
}

async function view(file: string, flags: ViewFlags): Promise<void> {
  const out = flags.out ?? `${file.slice(0, file.length - extname(file).length)}.html`;
  refuseSame(file, out, 'the trace and its page');
  await checkWritable(out);
  refuseOverwrite([out], flags);
  const source = await fileSource(file);
  try {
    for (const left of await writeTracePage(out, traceInFile(await openSafetensors(source)))) note(left);
  } finally {
    await source.close?.();
  }
  stdout.lines([`${out}: open it in a browser`]);
}
