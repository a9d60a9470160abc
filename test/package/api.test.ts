import { describe, expect, it } from 'vitest';
import { type Declaration, entries, readModule } from '../support/module-names.js';

/** Every name of `holdfast`: values first, then types. A name here is a promise; add one with care. */
const ROOT = [
  ...[
    'EMBEDDED_MODEL',
    'HoldfastError',
    'POLICIES',
    'RECOMMENDED_HOLD',
    'Session',
    'generate',
    'loadDialogue',
  ],
  ...['loadModel', 'locateModel', 'openChat', 'openComparison', 'parseHubName', 'parseSchedule', 'pullModel'],
  ...['replayDialogue', 'saveDialogue', 'traceRun'],
  ...['AnswerOptions', 'AnswerStep', 'Chat', 'ChatOptions', 'Comparison', 'ErrorCode', 'Executor'],
  ...[
    'ExecutorName',
    'GenerationOptions',
    'GenerationStep',
    'LoadOptions',
    'LoadedModel',
    'Message',
    'Model',
  ],
  ...['Policy', 'Receipt', 'SamplingOptions', 'SavedDialogue', 'Schedule', 'SettingsOptions', 'Target'],
  ...['Trace', 'TraceOptions', 'Turn'],
];

/** A published name, and the declaration that it stands for. */
interface Published extends Declaration {
  readonly file: string;
}

/** Rooms some of whose published names have no docstring yet. Describe them, then take the room off this list. */
const TO_DESCRIBE = [
  'architectures',
  'attention/policy',
  'findings',
  'formats',
  'hub',
  'material',
  'measure',
  'organism',
  'report',
  'scenario',
  'statistics',
  'study',
];

const modules = new Map<string, readonly Published[]>();

/** Every name that a module exports, with the declaration behind it. */
function publishedBy(file: string): readonly Published[] {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const { declared, links } = readModule(file);
  const taken = links.flatMap(({ from, name, as }): readonly Published[] => {
    if (as === null) return [];
    const theirs = publishedBy(from);
    if (as === '*') return theirs;
    const found = theirs.find((their) => their.name === name);
    if (found === undefined) throw new Error(`${file} exports ${name}, which ${from} does not declare`);
    return [{ ...found, name: as }];
  });
  const published = [...declared.map((declaration) => ({ ...declaration, file })), ...taken];
  modules.set(file, published);
  return published;
}

describe('the package', () => {
  it('publishes these names at its root, and no others', () => {
    const names = publishedBy(entries().get('holdfast')!).map(({ name }) => name);
    expect(names.toSorted()).toEqual(ROOT.toSorted());
  });

  it.each([...entries()])('says of every name of %s what it is', (_, file) => {
    const published = publishedBy(file);
    expect(published.length).toBeGreaterThan(0);
    const silent = published.filter(
      ({ hasDocstring, file }) =>
        !hasDocstring && !TO_DESCRIBE.some((room) => file.startsWith(`src/${room}`)),
    );
    expect(silent.map(({ name, file }) => `${name} (${file})`)).toEqual([]);
  });
});
