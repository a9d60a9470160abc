import type { Probe, Scenario } from '../../scenario/index.js';
import type { StudySpec } from '../spec/index.js';

/** A probe, and where a dialogue first asks it. */
export interface PlacedProbe {
  readonly probe: Probe;
  /** The round after which it is asked. */
  readonly round: number;
  /** Index among the round's probes. */
  readonly place: number;
  /** Number of the round's probes. */
  readonly places: number;
}

/** Returns the probes of a round. */
export function probesIn(scenario: Pick<Scenario, 'probesAfter'>, round: number): PlacedProbe[] {
  const probes = scenario.probesAfter(round);
  return probes.map((probe, place) => ({ probe, round, place, places: probes.length }));
}

/** Returns the probes that a study asks in a dialogue. Of several with the same label and question, keeps the first. */
export function probesOf(
  scenario: Pick<Scenario, 'rounds' | 'probesAfter'>,
  { probeRounds }: Pick<StudySpec, 'probeRounds'>,
): PlacedProbe[] {
  const rounds = probeRounds.filter((round) => round <= scenario.rounds);
  const first = new Map<string, PlacedProbe>();
  for (const placed of rounds.flatMap((round) => probesIn(scenario, round))) {
    const key = JSON.stringify([placed.probe.label, placed.probe.question]);
    if (!first.has(key)) first.set(key, placed);
  }
  return [...first.values()];
}
