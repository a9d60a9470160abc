import { findPolicy } from '../../attention/index.js';
import type { Report } from './read-value.js';
import type { Entry, Tree } from './yaml-tree.js';

/** The arm whose dialogues have no system message. */
export const NO_SYSTEM = 'no-system';

/**
 * Expands the short forms of an arm: `no-system` or a policy's name alone, or a policy as a key whose value is its strength or a
 * mapping. Other keys may be given beside that key.
 */
export function spelledOut(item: Tree, report: Report): Tree {
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
