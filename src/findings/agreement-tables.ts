import type { DataTable } from '../report/index.js';
import type { JudgeAgreement } from './judge-agreement.js';

/** Returns the agreement as tables: one of the kinds of rules, one of the arms. */
export function agreementTables({ rules, arms, unlabelled }: JudgeAgreement): DataTable[] {
  const missing =
    unlabelled === 0
      ? ''
      : ` ${unlabelled} answers are of kinds and scores without a label: the judges' errors on them are not known.`;
  return [
    {
      name: 'agreement',
      title: 'Agreement of judge and person',
      note:
        "κ is Cohen's, agreement beyond chance. Sensitivity: the mean score of answers that the person passes; " +
        'specificity: one minus the mean score of those that the person fails. All are of the whole study: each label ' +
        `counts for all answers that it stands for. Intervals count prompts.${missing}`,
      columns: [
        { name: 'rule', heading: 'rule' },
        { name: 'labels', heading: 'labels', digits: 0 },
        { name: 'prompts', heading: 'prompts', digits: 0 },
        { name: 'kappa', heading: 'κ' },
        { name: 'sensitivity', heading: 'sensitivity' },
        { name: 'specificity', heading: 'specificity' },
      ],
      rows: rules.map(({ rule, labels, prompts, kappa, sensitivity, specificity }) => [
        ...[rule, labels, prompts],
        ...[kappa, sensitivity, specificity],
      ]),
    },
    {
      name: 'stability',
      title: 'Stability without the errors of the judges',
      note:
        'Stability over all probes; corrected: (p + specificity − 1) / (sensitivity + specificity − 1) with the rates of ' +
        '`all` (Rogan and Gladen 1978), its interval with the uncertainty of the labels (Lang and Reiczigel 2014). It holds ' +
        'if the judges err alike in all arms. A dash: the labels do not show that the judges tell anything.',
      columns: [
        { name: 'arm', heading: 'arm' },
        { name: 'model', heading: 'model' },
        { name: 'source', heading: 'source' },
        { name: 'answers', heading: 'answers', digits: 0 },
        { name: 'raw', heading: 'raw' },
        { name: 'corrected', heading: 'corrected' },
      ],
      rows: arms.map(({ labels, arm, answers, raw, corrected }) => [
        ...[arm, `${labels.model}, ${labels.executor}, ${labels.precision}`, labels.source, answers],
        ...[raw, corrected],
      ]),
    },
  ];
}
