import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { type CachedRepo, HubCache, hubNameText, hubSettings } from '../../hub/index.js';
import { nearest } from '../../nearest.js';
import { requireHubName } from '../options/index.js';
import { ask, canAsk, printBytes, stderr } from '../terminal/index.js';

export function addModelsRemove(models: Command): void {
  models
    .command('rm')
    .description('remove a model from the cache, with all its revisions and files')
    .argument('<model>', 'owner/name')
    .option('--yes', 'do not ask for confirmation')
    .action(async (text: string, { yes }: { readonly yes?: true }) => remove(text, yes === true));
}

async function remove(text: string, confirmed: boolean): Promise<void> {
  const cache = new HubCache(hubSettings().cache);
  const cached = await find(cache, text);
  if (!confirmed && !(await confirm(cached))) {
    stderr.lines(['nothing was removed']);
    process.exitCode = 1;
    return;
  }
  await cache.remove(cached.repo);
  stderr.lines([`removed ${cached.repo}, ${printBytes(cached.bytes)}`]);
}

async function find(cache: HubCache, text: string): Promise<CachedRepo> {
  const all = await cache.scan();
  // Try the text as it is first: the hub's oldest models have no owner in their names.
  const repo = all.some((candidate) => candidate.repo === text) ? text : wholeRepo(text);
  const cached = all.find((candidate) => candidate.repo === repo);
  if (cached !== undefined) return cached;
  const similar = nearest(
    repo,
    all.map((candidate) => candidate.repo),
  );
  throw new HoldfastError('E_NOT_FOUND', `${repo} is not in the cache`, {
    file: cache.folder,
    hint: similar === null ? 'List the cached models: holdfast models' : `Did you mean ${similar}?`,
  });
}

/** @throws HoldfastError `E_USAGE` for a name with a revision or a quantisation */
function wholeRepo(text: string): string {
  const name = requireHubName(text);
  if (hubNameText(name) === name.repo) return name.repo;
  throw new HoldfastError('E_USAGE', `only whole models can be removed, not "${text}"`, {
    hint: `Remove ${name.repo}`,
  });
}

async function confirm({ repo, bytes, folder }: CachedRepo): Promise<boolean> {
  if (!canAsk()) {
    throw new HoldfastError('E_USAGE', `no terminal to confirm the removal of ${repo}`, {
      hint: 'Run the command in a terminal, or add --yes',
    });
  }
  const answer = await ask(
    `Remove ${repo}, ${printBytes(bytes)} in ${folder}? Python uses this cache too. [y/N] `,
  );
  return /^y(es)?$/i.test(answer.trim());
}
