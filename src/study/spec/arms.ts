import {
  checkSchedule,
  DEFAULT_TARGET,
  findPolicy,
  POLICIES,
  type Policy,
  parsePolicy,
  parseSchedule,
  parseTarget,
  renamedNotice,
  type Schedule,
  strengthProblem,
  type Target,
} from '../../attention/index.js';
import type { HoldFile } from '../../dialogue/index.js';
import { describeArm, describeVariant } from './arm-name.js';
import { headChoices, layerList } from './heads.js';
import { headsOfHold, heldTreatment, holdFrom, type Treatment } from './held-arm.js';
import {
  anyNumber,
  attempt,
  complain,
  distinct,
  hasKey,
  number,
  oneOrMore,
  type Placed,
  parsed,
  placed,
  type Reader,
  type Readers,
  type Report,
  readFields,
  refuseTwins,
  text,
} from './read-value.js';
import type { Locate } from './sources.js';
import type { ArmSpec, HeadChoice } from './spec.js';
import type { Entry, Tree } from './yaml-tree.js';

/** The fields of an arm. A field with a list of values stands for one arm per value. */
interface ArmFields {
  readonly name: string;
  readonly policy: Policy;
  readonly strength: readonly Placed<number>[];
  readonly schedule: readonly Placed<string>[];
  readonly target: readonly Target[];
  readonly 'knock-out': readonly Target[];
  readonly layers: readonly number[];
  readonly heads: readonly HeadChoice[];
  readonly silence: readonly HeadChoice[];
  readonly repeat: readonly number[];
  readonly guidance: readonly number[];
  readonly 'no-system': true;
  readonly hold: HoldFile;
}

/** An arm, and the hold from which it took its settings; null if the study's file has them itself. */
export interface PlacedArm extends Placed<ArmSpec> {
  readonly hold: HoldFile | null;
}

/** The arm whose dialogues have no system message. */
const NO_SYSTEM = 'no-system';

const onlyTrue: Reader<true> = (tree, report) => {
  if (tree.kind === 'scalar' && tree.value === true) return true;
  complain(tree, report, 'expected true; leave the key out to keep the system message');
  return undefined;
};

const readersFor = (locate: Locate): Readers<ArmFields> => ({
  name: text,
  policy: parsed(parsePolicy),
  strength: oneOrMore(placed(anyNumber)),
  schedule: oneOrMore(placed(text)),
  target: oneOrMore(parsed(parseTarget)),
  'knock-out': oneOrMore(parsed((name): Target => parseTarget(`not:${name}`))),
  layers: layerList,
  heads: headChoices,
  silence: headChoices,
  repeat: distinct(oneOrMore(number({ from: 1, to: 1000, whole: true }))),
  guidance: distinct(oneOrMore(number({ from: 1, to: 100 }))),
  'no-system': onlyTrue,
  hold: holdFrom(locate),
});

/** The most arms that one item may expand to: more is surely a mistake. */
const MAX_ARMS = 1000;

/** Reads the list of arms. Grids are expanded, and names are unique. */
export const armList =
  (locate: Locate): Reader<readonly PlacedArm[]> =>
  (tree, report) => {
    const readers = readersFor(locate);
    if (tree.kind !== 'list' || tree.items.length === 0) {
      report({ ...tree.at, text: 'arms: expected a list with at least one arm' });
      return undefined;
    }
    const arms = tree.items.flatMap((item) => {
      const { arms, hold } = armsOf(item, readers, report);
      return arms.map((value): PlacedArm => ({ value, tree: item, hold }));
    });
    refuseTwins(arms, 'arm', report);
    return arms;
  };

/** Returns a notice for each former name of a policy that the arms use. */
export function renamedNotices(arms: readonly Placed<ArmSpec>[]): string[] {
  const notices = arms.map(({ tree }) => {
    const spelled = spelledOut(tree, () => {});
    const value =
      spelled.kind === 'map' ? spelled.entries.find(({ key }) => key === 'policy')?.value : undefined;
    return value?.kind === 'scalar' ? renamedNotice(String(value.value)) : null;
  });
  return [...new Set(notices)].filter((notice) => notice !== null);
}

/** The arms that one item of the list stands for. */
interface ItemArms {
  readonly arms: readonly ArmSpec[];
  readonly hold: HoldFile | null;
}

const NO_ARMS: ItemArms = { arms: [], hold: null };

/** Returns the arms that one item of the list stands for; none if anything is wrong with it. */
function armsOf(item: Tree, readers: Readers<ArmFields>, reportToAll: Report): ItemArms {
  let sound = true;
  const report: Report = (problem) => {
    sound = false;
    reportToAll(problem);
  };
  const tree = spelledOut(item, report);
  const fields = readFields(tree, readers, report, [], POLICIES);
  if (fields === undefined) return NO_ARMS;
  const { hold = null } = fields;
  const treatment = hasKey(tree, 'hold')
    ? heldTreatment(tree, hold, report)
    : hasKey(tree, 'knock-out')
      ? knockOut(tree, fields, report)
      : treatmentOf(tree, fields, report);
  const on = hold === null ? headsOf(tree, fields, report) : [headsOfHold(hold)];
  if (hasKey(tree, NO_SYSTEM)) refuseBesideNoSystem(tree, readers, report);
  if (!sound || treatment === undefined || on === undefined) return NO_ARMS;
  const unnamed = combinations(treatment, on, fields);
  if (unnamed === null) {
    report({ ...item.at, text: `more than ${MAX_ARMS} arms in one item` });
    return NO_ARMS;
  }
  return { arms: unnamed.map((arm) => ({ ...arm, name: nameOf(arm, unnamed, fields.name) })), hold };
}

/** Returns every combination; null when there are more than {@link MAX_ARMS}. */
function combinations(
  { policy, schedules, targets }: Treatment,
  heads: readonly HeadChoice[],
  fields: Partial<ArmFields>,
): readonly Omit<ArmSpec, 'name'>[] | null {
  const silences = orNone(fields.silence);
  const repeats = orNone(fields.repeat);
  const guidances = orNone(fields.guidance);
  const noSystem = fields[NO_SYSTEM] === true;
  const lists = [schedules, targets, heads, silences, repeats, guidances];
  if (lists.reduce((count, list) => count * list.length, 1) > MAX_ARMS) return null;
  return schedules.flatMap((schedule) =>
    targets.flatMap((target) =>
      heads.flatMap((on) =>
        silences.flatMap((silence) =>
          repeats.flatMap((repeatEvery) =>
            guidances.map((guidance) => ({
              ...{ policy, schedule, target, on, silence, repeatEvery, guidance, noSystem },
            })),
          ),
        ),
      ),
    ),
  );
}

function orNone<T>(values: readonly T[] | undefined): readonly (T | null)[] {
  return values ?? [null];
}

function nameOf(
  arm: Omit<ArmSpec, 'name'>,
  siblings: readonly Omit<ArmSpec, 'name'>[],
  given: string | undefined,
): string {
  if (given === undefined) return describeArm(arm);
  return [given, ...describeVariant(arm, siblings)].join(', ');
}

/**
 * Expands the short forms of an arm: `no-system` or a policy's name alone, or a policy as a key whose value is its strength or a
 * mapping. Other keys may be given beside that key.
 */
function spelledOut(item: Tree, report: Report): Tree {
  const { name, at } = item;
  if (item.kind === 'scalar' && item.value === NO_SYSTEM) {
    const value: Tree = { ...item, name: NO_SYSTEM, value: true };
    return { kind: 'map', name, at, entries: [{ key: NO_SYSTEM, at, value }] };
  }
  if (item.kind === 'scalar' && typeof item.value === 'string') {
    const value: Tree = { ...item, name: 'policy' };
    return { kind: 'map', name, at, entries: [{ key: 'policy', at, value }] };
  }
  if (item.kind !== 'map') return item;
  const entries = item.entries.flatMap((entry) => {
    const { key, value } = entry;
    if (findPolicy(key) === undefined || isHoldFile(entry)) return [entry];
    const policy = {
      key: 'policy',
      at: entry.at,
      value: { kind: 'scalar' as const, name: 'policy', at: entry.at, value: key },
    };
    if (value.kind === 'map') return [policy, ...value.entries];
    if (value.kind === 'scalar' && value.value === null) return [policy];
    return [policy, { key: 'strength', at: value.at, value: named(value, 'strength') }];
  });
  const twice = entries.find(({ key }, index) => entries.findIndex((other) => other.key === key) < index);
  if (twice !== undefined) report({ ...twice.at, text: `${twice.key}: given twice in one arm` });
  return { kind: 'map', name, at, entries };
}

/** Returns whether an entry names a hold's file. As a key without text, `hold` is the former name of `sustain`. */
function isHoldFile({ key, value }: Entry): boolean {
  return key === 'hold' && value.kind === 'scalar' && typeof value.value === 'string';
}

/** Returns a value as if it had been given under another key. */
function named(tree: Tree, name: string): Tree {
  return tree.kind === 'list'
    ? { ...tree, name, items: tree.items.map((item) => named(item, name)) }
    : { ...tree, name };
}

/** Reports what cannot be combined with a dialogue without a system message: all other treatments need one. */
function refuseBesideNoSystem(tree: Tree, readers: Readers<ArmFields>, report: Report): void {
  const other = Object.keys(readers).find((key) => ![NO_SYSTEM, 'name'].includes(key) && hasKey(tree, key));
  if (other === undefined) return;
  report({ ...tree.at, text: `${other}: cannot be combined with no-system, which is a whole arm` });
}

/** Reads a knock-out. π′ = 0 on a target is π′ = 1 on all other tokens, which is floor with ψ = 1. */
function knockOut(tree: Tree, fields: Partial<ArmFields>, report: Report): Treatment | undefined {
  const other = ['policy', 'strength', 'schedule', 'target'].find((key) => hasKey(tree, key));
  if (other !== undefined) {
    report({ ...tree.at, text: `${other}: cannot be combined with knock-out, which is a policy itself` });
  }
  const targets = fields['knock-out'];
  return targets && { policy: 'floor', schedules: [{ kind: 'constant', strength: 1 }], targets };
}

function treatmentOf(tree: Tree, fields: Partial<ArmFields>, report: Report): Treatment | undefined {
  const policy = hasKey(tree, 'policy') ? fields.policy : 'off';
  const targets = hasKey(tree, 'target') ? fields.target : [DEFAULT_TARGET];
  if (policy === undefined || targets === undefined) return undefined;
  const complain = (text: string): undefined => {
    report({ ...tree.at, text });
  };
  if (policy === 'off') {
    const idle = ['strength', 'schedule', 'target', 'layers', 'heads'].find((key) => hasKey(tree, key));
    if (idle !== undefined) return complain(`${idle}: needs a policy, and this arm has none`);
    return { policy, schedules: [null], targets };
  }
  const [strengths, schedule] = [hasKey(tree, 'strength'), hasKey(tree, 'schedule')];
  if (strengths && schedule) return complain('strength and schedule: give only one of them');
  const problem = strengthProblem(policy, strengths || schedule);
  if (problem !== null) return complain(problem);
  const schedules = strengths || schedule ? schedulesOf(policy, fields, report) : [null];
  return schedules && { policy, schedules, targets };
}

function schedulesOf(
  policy: Policy,
  { strength, schedule }: Partial<ArmFields>,
  report: Report,
): readonly Schedule[] | undefined {
  const checked = (tree: Tree, read: () => Schedule): Schedule | undefined =>
    attempt(tree, report, () => {
      const found = read();
      checkSchedule(policy, found);
      return found;
    });
  const schedules =
    strength?.map(({ value, tree }) => checked(tree, () => ({ kind: 'constant', strength: value }))) ??
    schedule?.map(({ value, tree }) => checked(tree, () => parseSchedule(value, Number.NaN)));
  if (schedules === undefined || schedules.includes(undefined)) return undefined;
  return schedules.filter((each) => each !== undefined);
}

/** Returns the heads that the policy acts on, one choice for each arm. */
function headsOf(tree: Tree, fields: Partial<ArmFields>, report: Report): readonly HeadChoice[] | undefined {
  const { layers, heads } = fields;
  if ((hasKey(tree, 'layers') && layers === undefined) || (hasKey(tree, 'heads') && heads === undefined)) {
    return undefined;
  }
  if (layers === undefined) return heads ?? [{ kind: 'all' }];
  if (heads === undefined) return [{ kind: 'grid', layers, heads: null }];
  const [only] = heads;
  if (heads.length === 1 && only?.kind === 'grid') return [{ ...only, layers }];
  report({
    ...tree.at,
    text: 'layers: can be combined only with heads by number, not with pairs or words',
  });
  return undefined;
}
