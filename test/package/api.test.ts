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

function publishedBy(file: string): Published[] {
  const { declared, links } = readModule(file);
  const taken = links.flatMap(({ from, name, as }) => {
    if (as === null) return [];
    const theirs = publishedBy(from);
    return as === '*'
      ? theirs
      : theirs.filter((their) => their.name === name).map((their) => ({ ...their, name: as }));
  });
  return [...declared.map((declaration) => ({ ...declaration, file })), ...taken];
}

describe('the package', () => {
  it('publishes these names at its root, and no others', () => {
    const names = publishedBy(entries().get('holdfast')!).map(({ name }) => name);
    expect(names.toSorted()).toEqual(ROOT.toSorted());
  });

  it.each([...entries()])('says of every name of %s what it is', (_, file) => {
    const published = publishedBy(file);
    expect(published.length).toBeGreaterThan(0);
    const silent = published.filter(({ hasDocstring }) => !hasDocstring);
    expect(silent.map(({ name, file }) => `${name} (${file})`)).toEqual([]);
  });
});
