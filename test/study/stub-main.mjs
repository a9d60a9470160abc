/** The study command with stub cells, as a process. */
import { run } from './stub-command.mjs';

await run(process.argv);
