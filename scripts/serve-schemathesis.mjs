#!/usr/bin/env node
/**
 * Lets schemathesis test `holdfast serve` against its own description of the API: no request may make the server fail, and
 * every response must be one that the description has.
 *
 *   pip install schemathesis==4.32.5
 *   npm run build && node scripts/serve-schemathesis.mjs [schemathesis]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { SHORT_ANSWERS, startServer } from './serve-support.mjs';

const [program = 'schemathesis'] = process.argv.slice(2);
const CHECKS = [
  ...['not_a_server_error', 'status_code_conformance', 'content_type_conformance'],
  ...['response_schema_conformance', 'unsupported_method'],
].join(',');
const server = await startServer(SHORT_ANSWERS);
const child = spawn(
  program,
  [
    'run',
    `${server.url}/openapi.json`,
    '--checks',
    CHECKS,
    '--max-examples',
    '50',
    '--seed',
    '1',
    '--no-color',
  ],
  // It writes a folder of its own where it runs.
  { stdio: 'inherit', cwd: tmpdir() },
);
const [code] = await once(child, 'close');
process.exitCode = code || (await server.stop());
