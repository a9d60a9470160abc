import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../errors.js';
import { figureSvg } from '../report/index.js';
import { type DemoResult, demoFigure, demoPage } from './demo-page.js';
import { writeWhole } from './write-file.js';

/** Paths of what a demo leaves behind. */
export interface DemoFiles {
  readonly page: string;
  readonly figure: string;
  /** The dialogue with the answers off, as messages that other commands read. */
  readonly dialogue: string;
}

/** @throws HoldfastError `E_UNWRITABLE` */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_UNWRITABLE', `the folder cannot be made: ${why}`, { file: path, cause });
  }
}

/** @throws HoldfastError `E_UNWRITABLE` */
export async function writeResult(folder: string, result: DemoResult): Promise<DemoFiles> {
  const files = {
    page: join(folder, 'demo.html'),
    figure: join(folder, 'demo.svg'),
    dialogue: join(folder, 'dialogue.json'),
  };
  const messages = [
    { role: 'system', content: result.system },
    ...result.dialogue.flatMap(({ user, off }) => [
      { role: 'user', content: user },
      { role: 'assistant', content: off.answer },
    ]),
  ];
  const write = (path: string, text: string) => writeWhole(path, [new TextEncoder().encode(text)]);
  await write(files.page, await demoPage(result));
  await write(files.figure, await figureSvg(demoFigure(result), 'paper'));
  await write(files.dialogue, `${JSON.stringify({ messages }, null, 2)}\n`);
  return files;
}
