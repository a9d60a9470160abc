import {
  checkSchedule,
  DEFAULT_TARGET,
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
import { CACHE_KINDS, type CacheKind, type HoldFile } from '../../dialogue/index.js';
import { describeArm, describeVariant } from './arm-name.js';
import type { Unnamed } from './arm-parts.js';
import { combinations } from './combinations.js';
import { headChoices, layerList } from './heads.js';
import { headsOfHold, heldTreatment, holdFrom, type Treatment } from './held-arm.js';
import { MEASURED_PARTS } from './measured-parts.js';
import {
  anyNumber,
  attempt,
  distinct,
  hasKey,
  number,
  oneOf,
  oneOrMore,
  onlyTrue,
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
import { NO_SYSTEM, spelledOut } from './short-forms.js';
import type { Locate } from './sources.js';
import type { ArmSpec, HeadChoice, MeasuredPart } from './spec.js';
import type { Tree } from './yaml-tree.js';

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
  readonly cache: readonly CacheKind[];
  readonly silence: readonly HeadChoice[];
  readonly repeat: readonly number[];
  readonly reminder: readonly (true | string)[];
  readonly guidance: readonly number[];
  readonly 'no-system': true;
  readonly hold: HoldFile;
  readonly measure: readonly MeasuredPart[];
}

/** An arm, and the hold from which it took its settings; null if the study's file has them itself. */
export interface PlacedArm extends Placed<ArmSpec> {
  readonly hold: HoldFile | null;
}

const isTrue = (tree: Tree): boolean => tree.kind === 'scalar' && tree.value === true;

/** Reads `true`, the system prompt itself, or another text. */
const reminderText: Reader<true | string> = (tree, report) => (isTrue(tree) ? true : text(tree, report));

const readersFor = (locate: Locate): Readers<ArmFields> => ({
  name: text,
  policy: parsed(parsePolicy),
  strength: oneOrMore(placed(anyNumber)),
  schedule: oneOrMore(placed(text)),
  target: oneOrMore(parsed(parseTarget)),
  'knock-out': oneOrMore(parsed((name): Target => parseTarget(`not:${name}`))),
  layers: layerList,
  heads: headChoices,
  cache: distinct(oneOrMore(oneOf(CACHE_KINDS))),
  silence: headChoices,
  repeat: distinct(oneOrMore(number({ from: 1, to: 1000, whole: true }))),
  reminder: distinct(oneOrMore(reminderText)),
  guidance: distinct(oneOrMore(number({ from: 1, to: 100 }))),
  'no-system': onlyTrue('to keep the system message'),
  hold: holdFrom(locate),
  measure: distinct(oneOrMore(oneOf(MEASURED_PARTS))),
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
  if (hasKey(tree, 'repeat') && hasKey(tree, 'reminder')) {
    report({ ...tree.at, text: 'repeat and reminder: give only one of them' });
  }
  if (!sound || treatment === undefined || on === undefined) return NO_ARMS;
  const unnamed = armsWith(treatment, on, fields);
  if (unnamed === null) {
    report({ ...item.at, text: `more than ${MAX_ARMS} arms in one item` });
    return NO_ARMS;
  }
  return { arms: unnamed.map((arm) => ({ ...arm, name: nameOf(arm, unnamed, fields.name) })), hold };
}

/** Returns an arm for every combination; null when there are more than {@link MAX_ARMS}. */
function armsWith(
  { policy, schedules, targets }: Treatment,
  heads: readonly HeadChoice[],
  fields: Partial<ArmFields>,
): readonly Unnamed[] | null {
  const choices = {
    schedule: schedules,
    target: targets,
    on: heads,
    cache: fields.cache ?? [fields.hold?.settings.cache ?? 'held'],
    silence: orNone(fields.silence),
    repeatEvery: orNone(fields.repeat),
    reminder: orNone(fields.reminder),
    guidance: orNone(fields.guidance),
  };
  const count = Object.values(choices).reduce((product, { length }) => product * length, 1);
  if (count > MAX_ARMS) return null;
  return combinations(choices).map(({ cache, reminder, ...others }) => ({
    policy,
    ...others,
    noSystem: fields[NO_SYSTEM] === true,
    ...(cache === 'clean' && { cache }),
    ...(reminder !== null && { reminder }),
    ...(fields.measure && { measure: MEASURED_PARTS.filter((part) => fields.measure!.includes(part)) }),
  }));
}

function orNone<T>(values: readonly T[] | undefined): readonly (T | null)[] {
  return values ?? [null];
}

function nameOf(arm: Unnamed, siblings: readonly Unnamed[], given: string | undefined): string {
  if (given === undefined) return describeArm(arm);
  return [given, ...describeVariant(arm, siblings)].join(', ');
}

/** Reports what cannot be combined with a dialogue without a system message: all other treatments need one. */
function refuseBesideNoSystem(tree: Tree, readers: Readers<ArmFields>, report: Report): void {
  const other = Object.keys(readers).find(
    (key) => ![NO_SYSTEM, 'name', 'measure'].includes(key) && hasKey(tree, key),
  );
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
    const idle = ['strength', 'schedule', 'target', 'layers', 'heads', 'cache'].find((key) =>
      hasKey(tree, key),
    );
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
