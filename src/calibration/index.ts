/**
 * One system prompt on one model: how it fares untouched (audit), and whether anything holds it within a budget
 * (calibration). Both are studies that this room writes and reads. Knows specifications, results, holds and pages; must not
 * know how cells are run.
 */
export { auditOf } from './audit.js';
export { auditFiles, auditWords } from './audit-page.js';
export { calibrationFiles, triedTable } from './calibration-page.js';
export { type PromptFacts, pagePaths } from './page-parts.js';
export { auditText, choosingText, confirmingText, outcomeOf, type PromptStudy } from './prompt-study.js';
export { type Calibration, chosenIn, confirmedIn, holdOf } from './result.js';
export { controlOf, isControl, triedArms } from './settings.js';
export { dearerWords, verdictWords } from './words.js';
