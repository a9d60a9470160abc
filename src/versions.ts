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
 * Returns the packages that an executor's results depend on, with their pinned versions.
 * @throws HoldfastError `E_EXECUTOR` for an unknown executor
 */
export function executorPackages(executor: string): Record<string, string> {
  return Object.fromEntries(executorEntry(executor).packages.map((name) => [name, pinnedVersion(name)]));
}
