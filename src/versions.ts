import { EXECUTOR_TABLE, type ExecutorName } from './executors/registry.js';
import { readPackage } from './package.js';

/** Returns the versions to record with a result: Holdfast, Node, and the packages that the executor runs on. */
export function readVersions(executor: ExecutorName): Record<string, string> {
  return { holdfast: readPackage().version, node: process.versions.node, ...executorPackages(executor) };
}

/** Returns the packages that an executor's results depend on, with their pinned versions. */
export function executorPackages(executor: ExecutorName): Record<string, string> {
  const { dependencies } = readPackage();
  return Object.fromEntries(EXECUTOR_TABLE[executor].packages.map((name) => [name, dependencies[name]!]));
}
