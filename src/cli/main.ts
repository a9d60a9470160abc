#!/usr/bin/env node
/**
 * The command: thin doors to what the other rooms do. It knows arguments, terminals and exit codes, and reads and
 * writes files; it must not know anything that a program which imports the library would miss.
 */
import { run } from './run.js';

await run(process.argv);
