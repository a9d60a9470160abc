import { join } from 'node:path';
import { writeWhole } from '../../files/index.js';
import { figureSvg } from '../../report/index.js';
import { type DemoResult, demoFigure, demoPage } from './page.js';

/** Paths of the files that a demo writes. */
export interface DemoFiles {
  readonly page: string;
  readonly figure: string;
  /** The dialogue with the answers of off, as messages that other commands read. */
  readonly dialogue: string;
}

/** Returns the paths of the files of a demo in a folder. */
export const demoFiles = (folder: string): DemoFiles => ({
  page: join(folder, 'demo.html'),
  figure: join(folder, 'demo.svg'),
  dialogue: join(folder, 'dialogue.json'),
});

/**
 * Writes a demo's page, figure and dialogue.
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function writeResult(folder: string, result: DemoResult): Promise<DemoFiles> {
  const files = demoFiles(folder);
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
