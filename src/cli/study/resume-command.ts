import type { StudyOrigin } from '../../study/index.js';
import { commandName, quoted } from '../terminal/index.js';

/** Returns the command that resumes a study in its folder. */
export function resumeCommand({ file, models, shard, calibrates }: StudyOrigin, folder: string): string {
  return [
    commandName(process.argv[1]!, process.cwd()),
    'study run',
    quoted(file),
    '--out',
    quoted(folder),
    ...(calibrates ? ['--calibrate'] : []),
    ...(shard === null ? [] : ['--shard', `${shard.index}/${shard.count}`]),
    ...Object.entries(models).flatMap(([name, path]) => ['--model', quoted(`${name}=${path}`)]),
  ].join(' ');
}
