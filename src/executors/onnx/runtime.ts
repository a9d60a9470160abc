import { HoldfastError, messageOf } from '../../errors.js';
import { howToInstall, NotInstalled, pinnedVersion } from '../../package.js';

const NAME = 'onnxruntime-node';

/**
 * Imports the runtime, which is an optional package. The cache relies on how exactly this version treats memory, see
 * docs/decisions/0002, so another version is refused.
 * @throws HoldfastError `E_EXECUTOR` if it is not installed, in another version, or cannot be loaded
 */
export async function openRuntime(): Promise<typeof import('onnxruntime-node')> {
  const runtime = await import('onnxruntime-node').catch((cause: unknown) => {
    throw isAbsent(cause) ? new NotInstalled(NAME, cause) : broken(cause);
  });
  const found = runtime.env.versions.node;
  if (found === pinnedVersion(NAME)) return runtime;
  throw new HoldfastError(
    'E_EXECUTOR',
    `${NAME} ${found} is installed, which is another version than needed`,
    {
      hint: howToInstall(NAME),
    },
  );
}

function isAbsent(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    cause.code === 'ERR_MODULE_NOT_FOUND' &&
    cause.message.includes(`'${NAME}'`)
  );
}

function broken(cause: unknown): HoldfastError {
  const why = messageOf(cause);
  return new HoldfastError('E_EXECUTOR', `${NAME} cannot be loaded: ${why}`, {
    hint: 'Use another executor: holdfast doctor shows which ones work',
    cause,
  });
}
