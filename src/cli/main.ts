#!/usr/bin/env node
/**
 * The command line: a thin layer over the other rooms. It knows arguments, terminals and exit codes, and reads and
 * writes files. It must not contain anything that a program which imports the library would need.
 */
import { run } from './run.js';

await run(process.argv);
