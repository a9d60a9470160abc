import { existsSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { HoldfastError } from '../errors.js';
import { EMBEDDED_MODEL } from '../load.js';

/** The embedded model, by its name. */
const EMBEDDED_NAME = 'organism';

const UNNAMED =
  'note: no model named, using the embedded one, models/organism/soft ' +
  '(2.2 M parameters, made to drift; see models/organism/README.md)\n';

/** The model a command is about, which may be left out. */
export function addModelArgument(command: Command): Command {
  return command.addArgument(
    new Argument(
      '[model]',
      `a folder with a model, a .safetensors or a .gguf file; without one, the embedded model, ${EMBEDDED_NAME}`,
    ),
  );
}

/**
 * The path of the model that was named. Where none was, that of the embedded one, and a line on stderr says so: stdout
 * is the result's alone. Call it when everything else about the command line is known to be right.
 * @throws HoldfastError `E_NOT_FOUND` when the embedded model is meant and is not there
 */
export function modelPath(named: string | undefined): string {
  if (named === undefined) {
    const path = embeddedPath();
    process.stderr.write(UNNAMED);
    return path;
  }
  return isEmbedded(named) ? embeddedPath() : named;
}

/** Whether the embedded model is meant. A folder of its name is what the person sees, and means. */
export function isEmbedded(named: string | undefined): boolean {
  return named === undefined || (named === EMBEDDED_NAME && !existsSync(named));
}

function embeddedPath(): string {
  if (existsSync(EMBEDDED_MODEL)) return EMBEDDED_MODEL;
  throw new HoldfastError('E_NOT_FOUND', 'the embedded model is missing', {
    file: EMBEDDED_MODEL,
    hint: 'Install Holdfast anew, or name a model',
  });
}
