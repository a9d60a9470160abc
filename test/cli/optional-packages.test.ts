import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pinnedVersion } from '../../src/package.js';
import { expectFailure, fixture, holdfastProcess, type Outcome } from './holdfast.js';

const OTHER_RUNTIME = new URL('../support/other-runtime.mjs', import.meta.url);
const llama = fixture('models/llama');
const install = `npm install --ignore-scripts onnxruntime-node@${pinnedVersion('onnxruntime-node')}`;

/** Runs the command where onnxruntime-node is not installed, or in another version. */
const without = (args: readonly string[], version?: string): Promise<Outcome> =>
  holdfastProcess(args, '', {
    NODE_OPTIONS: `--import=${fileURLToPath(OTHER_RUNTIME)}`,
    ...(version === undefined ? {} : { OTHER_RUNTIME: version }),
  });
const bench = ['bench', llama, '--prompt', '40', '--tokens', '1', '--rounds', '1', '--executor'];

describe('without onnxruntime-node', () => {
  it('the onnx executor ends with one error that says how to install it', async () => {
    const message = /E_EXECUTOR: onnxruntime-node is not installed\. .*, or use another executor$/m;
    const outcome = await without([...bench, 'onnx']);
    expectFailure(outcome, 1, message);
    expect(outcome.stderr).toContain(`(${install};`);
  });

  it('the others work, and doctor says that it is optional', async () => {
    expect((await without([...bench, 'reference'])).code).toBe(0);
    const { code, stdout } = await without(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^onnx +optional: onnxruntime-node is not installed\. /m);
    expect(stdout).toContain(install);
    const { executors } = JSON.parse((await without(['doctor', '--json'])).stdout);
    expect(executors).toContainEqual(
      expect.objectContaining({ name: 'onnx', works: false, installed: false }),
    );
  });
});

describe('with another version of onnxruntime-node', () => {
  it('the onnx executor refuses it, and doctor counts it as a failure', async () => {
    const message =
      /E_EXECUTOR: onnxruntime-node 1\.2\.3 is installed, which is another version than needed\. /;
    const outcome = await without([...bench, 'onnx'], '1.2.3');
    expectFailure(outcome, 1, message);
    expect(outcome.stderr).toContain(install);
    expect((await without(['doctor'], '1.2.3')).stdout).toMatch(
      /^onnx +does not work: onnxruntime-node 1\.2\.3 /m,
    );
  });
});
