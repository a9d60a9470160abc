import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import {
  type Comparison,
  compareArms,
  compareStudies,
  comparisonTable,
  readStudyResult,
  type StudyResult,
} from '../../findings/index.js';
import { readableTable, textTable } from '../../report/index.js';
import { oneMore } from '../options/index.js';
import { quoted } from '../terminal/index.js';

/** `study compare`: two arms of a study, or the same arms of two, on the dialogues that they have in common. */
export function addCompareCommand(study: Command): void {
  study
    .command('compare')
    .description('compare two arms of a study, or the arms of two studies')
    .argument('<folder>', 'what study run wrote to')
    .argument('[other]', 'the folder of another study')
    .option('--arm <name>', 'an arm to compare: two of one study, any of two; give it once for each', oneMore)
    .option('--json', 'write the same as JSON')
    .action(
      async (
        folder: string,
        otherFolder: string | undefined,
        { arm: arms, json }: { arm?: readonly string[]; json?: true },
      ) => {
        const left = await readStudyResult(folder);
        const other = otherFolder === undefined ? null : await readStudyResult(otherFolder);
        const comparisons = other === null ? ofOne(left, arms) : ofTwo(left, other, arms);
        if (comparisons.length === 0) {
          throw new HoldfastError(
            'E_USAGE',
            'no dialogues pair: they must have source, scenario, index and seed in common',
            {
              file: otherFolder ?? folder,
            },
          );
        }
        const table = comparisonTable(comparisons);
        process.stdout.write(
          json
            ? `${JSON.stringify(comparisons)}\n`
            : `${[...textTable(readableTable(table)), '', table.note].join('\n')}\n`,
        );
      },
    );
}

function ofOne(study: StudyResult, arms: readonly string[] | undefined): Comparison[] {
  const known = study.spec.arms.map(({ name }) => name);
  for (const arm of arms ?? []) checkArm(arm, study);
  const [left, right, ...rest] = arms ?? (known.length === 2 ? known : []);
  if (left === undefined || right === undefined || rest.length > 0) {
    throw new HoldfastError('E_USAGE', `it takes two arms; ${study.folder} has ${quotedList(known)}`, {
      field: '--arm',
      hint: `Name two of them: --arm ${quoted(known[0]!)} --arm ${quoted(known[1] ?? known[0]!)}`,
    });
  }
  return compareArms(study, [left, right]);
}

function ofTwo(study: StudyResult, other: StudyResult, arms: readonly string[] | undefined): Comparison[] {
  const known = other.spec.arms.map(({ name }) => name);
  for (const arm of arms ?? []) for (const each of [study, other]) checkArm(arm, each);
  const common = study.spec.arms.map(({ name }) => name).filter((name) => known.includes(name));
  return compareStudies(study, other, arms ?? common);
}

function checkArm(arm: string, { spec, folder }: StudyResult): void {
  const known = spec.arms.map(({ name }) => name);
  if (known.includes(arm)) return;
  throw new HoldfastError('E_USAGE', `"${arm}" is not an arm of ${folder}`, {
    field: '--arm',
    hint: `It has ${quotedList(known)}`,
  });
}

const quotedList = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
