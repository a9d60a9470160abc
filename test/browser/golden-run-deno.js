// Runs in Deno. Its argument is a list of golden runs in JSON; it prints one line of JSON for each.
import './golden-run.js';

for (const run of JSON.parse(Deno.args[0])) console.log(JSON.stringify(await globalThis.goldenRun(run)));
Deno.exit();
