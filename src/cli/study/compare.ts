import type { Command } from 'commander';
import { renamedNotice } from '../../attention/index.js';
import { HoldfastError } from '../../errors.js';
import {
  type ArmComparison,
  checkPlan,
  compareArms,
  compareStudies,
  comparisonTable,
  planCheckWords,
  readStudyColumns,
  type StudyColumns,
  withContrast,
} from '../../findings/index.js';
import { readableTable, textTable } from '../../report/index.js';
import { oneMore } from '../options/index.js';
import { quoted, stdout } from '../terminal/index.js';

/** Adds `study compare`: compares two arms of one study, or the same arms of two studies, on their common dialogues. */
export function addCompareCommand(study: Command): void {
  study
    .command('compare')
    .description('compare two arms of one study, or the same arms of two studies')
    .argument('<folder>', 'the results folder of a study')
    .argument('[other]', 'the results folder of another study')
    .option(
      '--arm <name>',
      'arm to compare, repeatable: two arms with one study, any number with two studies',
      oneMore,
    )
    .option('--json', 'write the comparison as JSON')
    .action(
      async (
        folder: string,
        otherFolder: string | undefined,
        { arm: arms, json }: { arm?: readonly string[]; json?: true },
      ) => {
        const left = await readStudyColumns(folder);
        const { comparisons, plan } =
          otherFolder === undefined
            ? ofOne(left, arms)
            : ofTwo(left, await readStudyColumns(otherFolder), arms);
        if (comparisons.length === 0) {
          throw new HoldfastError(
            'E_USAGE',
            'no dialogues to pair: paired dialogues have the same source, scenario, index and seed',
            {
              file: otherFolder ?? folder,
            },
          );
        }
        const table = comparisonTable(comparisons);
        stdout.lines(
          json ? [JSON.stringify(comparisons)] : [...textTable(readableTable(table)), '', table.note, plan],
        );
      },
    );
}

/** Comparisons, and whether the locked analysis plan has them, in words. */
interface Compared {
  readonly comparisons: readonly ArmComparison[];
  readonly plan: string;
}

function ofOne(study: StudyColumns, arms: readonly string[] | undefined): Compared {
  const known = study.spec.arms.map(({ name }) => name);
  for (const arm of arms ?? []) checkArm(arm, study);
  const [left, right, ...rest] = arms ?? (known.length === 2 ? known : []);
  if (left === undefined || right === undefined || rest.length > 0) {
    throw new HoldfastError('E_USAGE', `compare needs two arms; ${study.folder} has ${quotedList(known)}`, {
      field: '--arm',
      hint: `Name two: --arm ${quoted(known[0]!)} --arm ${quoted(known[1] ?? known[0]!)}`,
    });
  }
  return {
    comparisons: compareArms(study, [left, right]),
    plan: planCheckWords(checkPlan(withContrast(study, { left, right }))),
  };
}

function ofTwo(study: StudyColumns, other: StudyColumns, arms: readonly string[] | undefined): Compared {
  const known = other.spec.arms.map(({ name }) => name);
  for (const arm of arms ?? []) for (const each of [study, other]) checkArm(arm, each);
  const common = study.spec.arms.map(({ name }) => name).filter((name) => known.includes(name));
  return {
    comparisons: compareStudies(study, other, arms ?? common),
    plan: 'After the fact: the analysis plan of a study has no comparison with another study.',
  };
}

function checkArm(arm: string, { spec, folder }: StudyColumns): void {
  const known = spec.arms.map(({ name }) => name);
  if (known.includes(arm)) return;
  throw new HoldfastError('E_USAGE', `"${arm}" is not an arm of ${folder}`, {
    field: '--arm',
    hint: [renamedNotice(arm), `Name one of ${quotedList(known)}`].filter((part) => part !== null).join('. '),
  });
}

const quotedList = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
