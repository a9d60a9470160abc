/**
 * Tables, figures and pages of what a study found. This room knows records, statistics and how to draw. It must not know
 * models or how cells are run.
 */
export { agreementTables } from './agreement-tables.js';
export { briefTables } from './brief.js';
export { type ArmComparison, compareArms, compareStudies, comparisonTable } from './compare.js';
export { type AnalysisChanges, withChanges, withContrast } from './contrasts.js';
export { closed, pointsOf } from './figure-parts.js';
export { forecast } from './forecast.js';
export { type JudgeAgreement, judgeAgreement } from './judge-agreement.js';
export { type JudgedAnswer, readJudgedAnswers } from './judged-answers.js';
export { type Label, labelFile, parseLabels } from './label-file.js';
export { sampleAnswers } from './label-sample.js';
export { checkPlan, type PlanCheck, planCheckWords, type Standing } from './plan-check.js';
export { type ArmPower, type PilotPower, pilotPower, powerTable } from './power.js';
export { readStudyColumns, readStudyResult } from './read-study.js';
export { type ReportFile, type ReportOptions, reportFiles } from './report.js';
export type { StudyColumns } from './study-columns.js';
export type { ReportedArm, ReportedSpec, StudiedModel, StudyResult } from './study-result.js';
