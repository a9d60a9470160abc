import type { Executor } from './executors/index.js';
import { executorEntry } from './executors/registry.js';
import { pinnedVersion, readPackage } from './package.js';

/**
 * Returns the versions to record with a result: Holdfast, Node, and the packages that the executor runs on.
 * @throws HoldfastError `E_EXECUTOR` for an unknown executor
 */
export function readVersions(executor: string): Record<string, string> {
  return { holdfast: readPackage().version, node: process.versions.node, ...executorPackages(executor) };
}

/**
 * Returns what to record with a result of a loaded model: the versions, and the device that its executor names.
 */
export function versionsOf({ name, device }: Pick<Executor, 'name' | 'device'>): Record<string, string> {
  return { ...readVersions(name), ...(device === undefined ? {} : { device }) };
}

/**
 * Returns the packages that an executor's results depend on, with their pinned versions.
 * @throws HoldfastError `E_EXECUTOR` for an unknown executor
 */
export function executorPackages(executor: string): Record<string, string> {
  return Object.fromEntries(executorEntry(executor).packages.map((name) => [name, pinnedVersion(name)]));
}
