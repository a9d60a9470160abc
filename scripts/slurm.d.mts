/** A Slurm of one machine, see slurm.mjs. */
export interface Slurm {
  /** The environment in which sbatch and the others find it. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Ends its daemons and removes its folder. */
  stop(): Promise<void>;
}

export function startSlurm(): Promise<Slurm>;

/** Returns why no Slurm can be started here; null if it can. */
export function whyNoSlurm(): string | null;
