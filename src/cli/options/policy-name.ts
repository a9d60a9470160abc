import { type Policy, parsePolicy, renamedNotice } from '../../attention/index.js';
import { note } from '../terminal/index.js';

/**
 * Returns the policy that `--policy` names. Writes a note to stderr if the name is a former one.
 * @throws HoldfastError `E_POLICY`
 */
export function policyNamed(name: string): Policy {
  const policy = parsePolicy(name);
  const notice = renamedNotice(name);
  if (notice !== null) note(notice);
  return policy;
}
