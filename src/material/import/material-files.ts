import { stringify } from 'yaml';
import type { Format } from './formats.js';
import type { ImportedFile, ImportedPrompt } from './imported.js';

/** A file of a folder of material. */
export interface MaterialFile {
  /** Path in the folder, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Where imported material comes from. */
export interface ImportSource extends Pick<Format, 'title' | 'address' | 'licence'> {
  /** The published files that were read. */
  readonly read: readonly string[];
  /** The licence that lies beside them; null if there is none. */
  readonly licenceText: string | null;
}

/** Returns imported material as the files of a folder, with the source and its licence. */
export function materialFiles(imported: Required<ImportedFile>, source: ImportSource): MaterialFile[] {
  const { prompts, scripts, recordings } = imported;
  const groups = [...new Set(prompts.map(({ group }) => group))];
  const head = `# From ${source.title}, ${source.licence}: see SOURCE.md.\n\n`;
  return [
    ...groups.map((group) => ({
      path: `prompts/${group}.yaml`,
      text: head + toYaml(prompts.filter((prompt) => prompt.group === group).map(promptEntry)),
    })),
    ...scripts.map(({ name, style, dialogues }) => ({
      path: `scripts/${name}.yaml`,
      text: head + toYaml({ style, dialogues }),
    })),
    ...recordings.map(({ name, dialogues }) => ({
      path: `recorded/${name}.jsonl`,
      text: dialogues.map((dialogue) => `${JSON.stringify(dialogue)}\n`).join(''),
    })),
    { path: 'SOURCE.md', text: sourcePage(imported, source) },
    ...(source.licenceText === null ? [] : [{ path: 'LICENSE', text: source.licenceText }]),
  ];
}

const toYaml = (value: unknown): string => stringify(value, { lineWidth: 120, aliasDuplicateObjects: false });

/** The request of an imported prompt is its only probe, so its dialogue is about something else. */
const promptEntry = ({ id, system, question, judge }: ImportedPrompt): object => ({
  ...{ id, system, shown: 'asked', probes: [{ question }], judge },
});

function sourcePage(imported: Required<ImportedFile>, source: ImportSource): string {
  const { prompts, scripts, recordings, skipped } = imported;
  const counts = [
    `- \`prompts\`: ${prompts.length} prompts, judged by program`,
    ...scripts.map(({ name, dialogues }) => `- \`scripts/${name}.yaml\`: ${dialogues.length} dialogues`),
    ...recordings.map(
      ({ name, dialogues }) => `- \`recorded/${name}.jsonl\`: ${dialogues.length} dialogues, not judged`,
    ),
  ];
  return [
    `# ${source.title}`,
    '',
    `Source: ${source.address} (${source.read.join(', ')}). Licence: ${source.licence}.`,
    'Holdfast changed the form of the data, not its texts.',
    '',
    ...counts,
    ...(skipped.size === 0 ? [] : ['', 'Left out:', '']),
    ...[...skipped].map(([reason, count]) => `- ${reason}: ${count}`),
    '',
  ].join('\n');
}
