import { type ChartPoint, heatMapSpec, type Series, smallMultiplesSpec, specOf } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { sampleText } from './clusters.js';
import { stabilityFront, survivalFigure } from './comparison-figures.js';
import type { ArmCourse, Course } from './course.js';
import { BANDS, pointsAt, pointsOf, type ReportFigure, TOGETHER } from './figure-parts.js';
import { influenceFigures } from './influence-figures.js';
import { roundsText } from './rounds-text.js';
import { sliceName } from './slice-labels.js';
import type { ReportedSpec } from './study-result.js';

/** Returns every figure of one slice. */
export function figuresOf(analysis: SliceAnalysis, spec: ReportedSpec, versions: string): ReportFigure[] {
  const { slice } = analysis;
  const source = `${spec.name} · ${sliceName(slice.labels)} · ${sampleText(slice.sample)} · ${versions}`;
  return [
    stabilityFigure(analysis, source),
    groupsFigure(analysis, source),
    shareFigure(analysis, spec, source),
    headsFigure(analysis, spec, source),
    survivalFigure(analysis, source),
    stabilityFront(analysis, spec, source),
    ...influenceFigures(analysis, spec, source),
  ].filter((figure) => figure !== null);
}

const pointsIn = ({ rounds }: Course): ChartPoint[] => pointsOf(rounds);

function stabilityFigure(
  { courses, baseline, chanceRounds }: SliceAnalysis,
  source: string,
): ReportFigure | null {
  const probed = courses.filter(({ stability }) => pointsIn(stability).length > 0);
  if (probed.length === 0) return null;
  const first = baseline;
  const title = 'Stability, round by round';
  const series = ({ name, stability }: ArmCourse): Series => ({ name, points: pointsIn(stability) });
  const chance: readonly Series[] =
    chanceRounds.length === 0 ? [] : [{ name: 'by chance', points: pointsOf(chanceRounds) }];
  const chanceText = chance.length === 0 ? '' : ' By chance: what the same probes score without the prompt.';
  if (probed.length <= TOGETHER) {
    const able = probed.every(({ ability }) => pointsIn(ability).length > 0);
    const panels = [
      {
        title: 'Stability: mean score of probes, 0 to 1',
        domain: [0, 1] as const,
        height: 230,
        series: [...probed.map(series), ...chance],
      },
      ...(able
        ? [
            {
              title: 'Ability: answers that are otherwise correct, 0 to 1',
              domain: [0, 1] as const,
              height: 120,
              series: probed.map(({ name, ability }) => ({ name, points: pointsIn(ability) })),
            },
          ]
        : []),
    ];
    return {
      name: 'stability',
      caption: `Mean score of the probes after each round, 0 to 1. ${BANDS}.${chanceText}${able ? ' Where ability falls as well, the model loses more than its prompt.' : ''}`,
      spec: (look) => specOf({ title, subtitle: BANDS, x: 'round of the dialogue', panels, source }, look),
    };
  }
  const drawn = {
    title,
    subtitle: first === null ? BANDS : `Each arm against ${first.name}. ${BANDS}`,
    x: 'round',
    y: 'stability',
    domain: [0, 1] as const,
    panels: probed
      .filter((course) => course !== first)
      .map((course) => ({
        title: course.name,
        series: [
          ...(first === null ? [] : [series(first)]),
          { ...series(course), name: 'this arm' },
          ...chance,
        ],
      })),
    source,
  };
  return {
    name: 'stability',
    caption: `Mean score of the probes after each round, 0 to 1, for each arm${first === null ? '' : `, with ${first.name} in every plot`}. ${BANDS}.${chanceText}`,
    spec: (look) => smallMultiplesSpec(drawn, look),
  };
}

/** Returns the baseline and the other arms with the highest late stability, as many as one plot has room for. */
function leadersOf({ courses, baseline }: SliceAnalysis): readonly ArmCourse[] {
  const best = courses
    .filter((course) => course !== baseline)
    .sort((a, b) => b.stability.late.value - a.stability.late.value)
    .slice(0, TOGETHER - 1);
  return courses.filter((course) => course === baseline || best.includes(course));
}

function groupsFigure(analysis: SliceAnalysis, source: string): ReportFigure | null {
  const { courses, baseline } = analysis;
  const shown = leadersOf(analysis);
  const parts = courses[0]?.parts ?? [];
  if (parts.length === 0) return null;
  const isAll = shown.length === courses.length;
  const which = isAll
    ? ''
    : `${baseline === null ? '' : `${baseline.name} and `}the ${TOGETHER - 1} arms with the highest late stability. `;
  const drawn = {
    title: 'Stability by group',
    subtitle: `${which}${BANDS}`,
    x: 'round',
    y: 'stability',
    domain: [0, 1] as const,
    panels: parts.map(({ kind, name }) => ({
      title: kind === 'group' ? name : `asked about: ${name}`,
      series: shown.map((course) => {
        const own = course.parts.find((part) => part.kind === kind && part.name === name);
        return { name: course.name, points: own === undefined ? [] : pointsIn(own.stability) };
      }),
    })),
    source,
  };
  return {
    name: 'groups',
    caption: `Stability of each group of prompts${isAll ? '' : `: ${which}The table of groups has all arms`}. ${BANDS}. A group has few prompts, so its bands are wide.`,
    spec: (look) => smallMultiplesSpec(drawn, look),
  };
}

function shareFigure(
  { courses, baseline }: SliceAnalysis,
  { arms }: ReportedSpec,
  source: string,
): ReportFigure | null {
  const acts = ({ name }: ArmCourse): boolean =>
    arms.some((arm) => arm.name === name && arm.policy !== 'off');
  const along = ({ attention, share }: ArmCourse, kind: 'before' | 'after'): ChartPoint[] =>
    pointsAt(
      attention.flatMap(({ round, contextTokens }) => {
        const estimate = share[kind].rounds.find((each) => each.round === round);
        return estimate === undefined ? [] : [[contextTokens, estimate] as const];
      }),
    );
  // Without a system message there is no share.
  const attending = courses.filter((course) => along(course, 'after').length > 0);
  if (attending.length === 0) return null;
  const highest = Math.max(...attending.flatMap((course) => along(course, 'after').map(({ high }) => high)));
  const ownOf = (course: ArmCourse): Series[] => {
    const after = { name: 'this arm', points: along(course, 'after') };
    return acts(course) ? [after, { name: 'before its policy', points: along(course, 'before') }] : [after];
  };
  const others = attending.filter((course) => course !== baseline);
  const drawn = {
    title: "The prompt's share of attention over tokens",
    subtitle: `${baseline === null ? '' : `Each arm against ${baseline.name}. `}The system message with its role header, mean over rows and the heads that see furthest; one point a round. ${BANDS}`,
    x: 'tokens of context',
    y: "prompt's share",
    domain: [0, Math.min(1, Math.ceil(highest * 10) / 10)] as const,
    panels: (others.length === 0 ? attending : others).map((course) => ({
      title: course.name,
      series: [
        ...(baseline === null ? [] : [{ name: baseline.name, points: along(baseline, 'after') }]),
        ...(course === baseline ? [] : ownOf(course)),
      ],
    })),
    source,
  };
  return {
    name: 'share',
    caption: `The prompt's share of attention, 0 to 1, against the tokens of context when each round's answer began${baseline === null || others.length === 0 ? '' : `; ${baseline.name} is the same in every plot`}.${others.some(acts) ? ' Where a policy acts, the share before it acted is drawn as well.' : ''}`,
    spec: (look) => smallMultiplesSpec(drawn, look),
  };
}

function headsFigure(
  { heads, slice: { baseline } }: SliceAnalysis,
  { early, late }: ReportedSpec,
  source: string,
): ReportFigure | null {
  if (heads === null) return null;
  const highest = Math.max(0, ...heads.early.flat().filter((share) => share !== null));
  const drawn = {
    title: 'Attention to the prompt, head by head',
    subtitle: `Under ${baseline}; means over dialogues`,
    x: 'head',
    y: 'layer',
    panels: [
      {
        title: `Share of the prompt, ${roundsText(early)}`,
        domain: [0, Math.min(1, Math.ceil(highest * 10) / 10)] as const,
        values: heads.early,
      },
      {
        title: `Late ÷ early, ${roundsText(late)}`,
        domain: [0, 1] as const,
        values: heads.left,
      },
    ],
    absent: 'brown: a head without attention to it in early rounds, or from which it is out of sight',
    source,
  };
  return {
    name: 'heads',
    caption:
      'Each cell is one head. The first map has the mean share that it gives the prompt in early rounds, the second late ÷ early; light cells are heads that stopped attending to it. Values above 1 are drawn as 1.',
    spec: (look) => heatMapSpec(drawn, look),
  };
}
