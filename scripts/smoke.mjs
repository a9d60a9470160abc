// The smallest study from its specification to its report, as somebody would run it. Its folder is thrown away.
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
  if (!existsSync(page) || statSync(page).size < 50_000) throw new Error(`${page} is no report`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
