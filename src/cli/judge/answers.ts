import { HoldfastError } from '../../errors.js';
import { type JudgedAnswer, readJudgedAnswers } from '../../findings/index.js';

/**
 * Reads the answers of a study that a judge has scored.
 * @throws HoldfastError `E_NOT_FOUND` if there are none, and as {@link readJudgedAnswers}
 */
export async function judgedAnswers(folder: string): Promise<readonly JudgedAnswer[]> {
  const answers = await readJudgedAnswers(folder);
  if (answers.length > 0) return answers;
  throw new HoldfastError('E_NOT_FOUND', 'the study has no answers to probes', {
    file: folder,
    hint: 'Run the study first; its sources must have probes',
  });
}
