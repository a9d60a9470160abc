import { layersInMeans, type SightedGrid, targetName } from '../../attention/index.js';
import type { AnswerShares, AnswerStep, Turn } from '../../dialogue/index.js';
import { textTable } from '../../report/index.js';
import { mean } from '../../statistics/index.js';
import type { SpanRole } from '../../text/index.js';

/** The shares of a role: means after the policy, over the rows that chose an answer's tokens. */
export interface RoleShares {
  readonly role: SpanRole;
  /** Means over heads, `[layers]`. */
  readonly layers: readonly number[];
}

const ROLES: readonly SpanRole[] = ['sink', 'system', 'user', 'assistant', 'template'];

/** Averages the shares of each role during an answer. */
export interface RoleMeter {
  add(step: Pick<AnswerStep, 'shares'>): RoleMeter;
  /** Returns the means of the roles in the dialogue, in the order of {@link ROLES}. */
  means(): RoleShares[];
}

export function createRoleMeter(): RoleMeter {
  const sums = new Map<SpanRole, Float64Array>();
  let rows = 0;
  const meter: RoleMeter = {
    add({ shares: { spans } }) {
      rows++;
      for (const { role, layers } of spans) {
        const sum = sums.get(role) ?? new Float64Array(layers.length);
        sums.set(role, sum);
        for (const [layer, share] of layers.entries()) sum[layer]! += share;
      }
      return meter;
    },
    means: () =>
      ROLES.flatMap((role) => {
        const sum = sums.get(role);
        return sum === undefined ? [] : [{ role, layers: Array.from(sum, (value) => value / rows) }];
      }),
  };
  return meter;
}

/** Layers `[first, end)`. */
interface LayerGroup {
  readonly first: number;
  readonly end: number;
}

/** Divides the layers into up to four groups of about the same size. */
export function layerGroups(layers: number): LayerGroup[] {
  const groups = Math.min(4, layers);
  return Array.from({ length: groups }, (_, group) => ({
    first: Math.round((group * layers) / groups),
    end: Math.round(((group + 1) * layers) / groups),
  }));
}

/** Returns the name of a group: `5`, or `5-8`. */
export function groupName({ first, end }: LayerGroup): string {
  return end - first === 1 ? `${first}` : `${first}-${end - 1}`;
}

/** The name of each role in tables. The role `system` is the prompt's words. */
const ROLE_NAMES: Readonly<Record<SpanRole, string>> = {
  sink: 'sink',
  system: 'its words',
  user: 'user',
  assistant: 'assistant',
  template: 'template',
};

/**
 * Returns two tables under one heading: a column for the layers whose heads are in every mean, and one for each group of
 * layers. The first table has the prompt and the prefix, and any other target, before and after the policy; they can
 * overlap. A layer that sees nothing of a target is not in the mean of its group. The second has a row for each role after
 * the policy; these sum to 1.
 */
export function shareTable(roles: readonly RoleShares[], turn: Turn, grid: SightedGrid): string[] {
  const { layers } = grid;
  const inMean = layersInMeans(grid);
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const groups = [inMean, ...layerGroups(layers).map(({ first, end }) => all.slice(first, end))];
  const row = (name: string, perLayer: readonly number[]): string[] => [
    name,
    ...groups.map((group) => {
      const seen = group.map((layer) => perLayer[layer]!).filter((share) => !Number.isNaN(share));
      return seen.length === 0 ? '-' : mean(seen).toFixed(3);
    }),
  ];
  const { shares, parts, settings } = turn;
  const { target, policy } = settings;
  const beforeAndAfter = (name: string, measured: AnswerShares | null): string[][] => {
    if (measured === null) return [];
    const { before, after } = measured.heads;
    if (policy === 'off') return [row(name, layerMeans(after, layers))];
    return [
      row(`${name} before`, layerMeans(before, layers)),
      row(`${name} after`, layerMeans(after, layers)),
    ];
  };
  const isPart = target.kind === 'message' || target.kind === 'prefix';
  const heading = [
    inMean.length === layers ? 'all layers' : `layers ${inMean.join(' ')}`,
    ...layerGroups(layers).map(groupName),
  ];
  const partRows = [
    ...beforeAndAfter('prompt', parts.prompt),
    ...beforeAndAfter('prefix', parts.prefix),
    ...(isPart ? [] : beforeAndAfter(targetName(target), shares)),
  ];
  const roleRows = roles.map(({ role, layers }) => row(ROLE_NAMES[role], layers));
  const lines = textTable({ heading: ['share of', ...heading], rows: [...partRows, ...roleRows] });
  const when = policy === 'off' ? '' : ', after the policy';
  return [
    ...lines.slice(0, 1 + partRows.length),
    '',
    `every token by role${when} (these rows sum to 1)`,
    ...lines.slice(1 + partRows.length),
  ];
}

/**
 * Returns the mean of each layer, `[layers]`; NaN for a layer that sees nothing of the target.
 * @param heads `[layers × heads]`
 */
export function layerMeans(heads: Float32Array, layers: number): number[] {
  const perLayer = heads.length / layers;
  return Array.from({ length: layers }, (_, layer) =>
    mean([...heads.subarray(layer * perLayer, (layer + 1) * perLayer)]),
  );
}
