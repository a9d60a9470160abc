/**
 * The studio's side of the model: answers with the trace of every token, comparisons, dialogues as files. The page in
 * `studio/` asks for them, through a worker in the same browser or over HTTP. Knows dialogues and what a page shows of them;
 * must not know pages, transports or Node.
 */
export { failureOf } from './failure.js';
export {
  createHost,
  type Host,
  type ModelSource,
  type StudySource,
} from './host.js';
export {
  type AnswerEnd,
  type AnswerEvent,
  type AnswerRequest,
  type Column,
  type Draw,
  type ExecutorChoice,
  type Failure,
  GROUPS,
  type Group,
  type ModelChoice,
  type OpenedDialogue,
  type PastTurn,
  type Steer,
  type TokenTrace,
} from './protocol.js';
export { isOperation, readTakes } from './requests.js';
export type { StudyDialogue, StudyEvent } from './study-protocol.js';
export { groupOf } from './token-trace.js';
