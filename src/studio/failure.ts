import { HoldfastError, messageOf } from '../errors.js';
import type { Failure } from './protocol.js';

/** Returns an error as it crosses to the page. */
export function failureOf(error: unknown): Failure {
  if (error instanceof HoldfastError) {
    return { code: error.code, message: error.message.replace(`${error.code}: `, '') };
  }
  return { code: 'E_BUG', message: messageOf(error) };
}
