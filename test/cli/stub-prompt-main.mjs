/** `calibrate` with cells that need no model, as a process. */
import { Command } from 'commander';
import { addCalibrateCommand } from '../../dist/cli/calibrate/index.js';
import { explain } from '../../dist/cli/terminal/failure.js';

const program = new Command('holdfast').exitOverride();
addCalibrateCommand(program.command('calibrate'), new URL('./stub-prompt-cells.mjs', import.meta.url));
try {
  await program.parseAsync(process.argv);
} catch (error) {
  const { message, exitCode } = explain(error, false);
  if (message !== null) process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
