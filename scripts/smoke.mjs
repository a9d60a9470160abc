// Runs the smallest study from its specification to its report, in a temporary folder.
//
//     npm run smoke
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'holdfast-smoke-'));
const holdfast = (...words) =>
  execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...words], { cwd: root, stdio: 'inherit' });
try {
  holdfast('study', 'run', 'experiments/smoke.yaml', '--out', folder);
  holdfast('study', 'report', folder);
  const page = join(folder, 'report/index.html');
  if (!existsSync(page) || statSync(page).size < 50_000)
    throw new Error(`the report is missing or too small: ${page}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
