/** Upper limits of the counts of times, in seconds. */
const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** What a metric is, in the words of its line of help. */
const HELP = {
  holdfast_requests_total: [
    'counter',
    'Requests that ended, by route, status and outcome: done, failed or left.',
  ],
  holdfast_tokens_total: ['counter', 'Tokens: of prompts, of these found in a cache, and of answers.'],
  holdfast_first_token_seconds: ['histogram', 'Time from a request to the first token of its answer.'],
  holdfast_requests_running: ['gauge', 'Requests that are being served, those that wait included.'],
  holdfast_requests_waiting: ['gauge', 'Requests that wait for their turn.'],
  holdfast_models_loaded: ['gauge', 'Models in memory.'],
  process_resident_memory_bytes: ['gauge', 'Memory of the process.'],
} as const;

type Name = keyof typeof HELP;
type Labels = Readonly<Record<string, string | number>>;

/** Counts what a server does, for Prometheus. */
export class Metrics {
  readonly #counts = new Map<string, { readonly name: Name; readonly labels: Labels; value: number }>();
  readonly #times = BUCKETS.map(() => 0);
  #timed = { count: 0, sum: 0 };

  /** @param labels must have few values: every set of them is kept */
  add(name: Name, labels: Labels, value = 1): void {
    const key = name + JSON.stringify(labels);
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { name, labels, value });
    else known.value += value;
  }

  firstToken(seconds: number): void {
    for (const [index, limit] of BUCKETS.entries()) if (seconds <= limit) this.#times[index]!++;
    this.#timed = { count: this.#timed.count + 1, sum: this.#timed.sum + seconds };
  }

  /** Returns everything in the text format of Prometheus. @param gauges the values of now */
  text(gauges: Partial<Record<Name, number>>): string {
    const lines = new Map<Name, string[]>();
    const line = (name: Name, labels: Labels, value: number, ending = ''): void => {
      const own = Object.entries(labels).map(([label, each]) => `${label}="${each}"`);
      const inBraces = own.length === 0 ? '' : `{${own.join(',')}}`;
      lines.set(name, [...(lines.get(name) ?? []), `${name}${ending}${inBraces} ${value}`]);
    };
    for (const { name, labels, value } of this.#counts.values()) line(name, labels, value);
    const times = 'holdfast_first_token_seconds';
    for (const [index, limit] of BUCKETS.entries())
      line(times, { le: limit }, this.#times[index]!, '_bucket');
    line(times, { le: '+Inf' }, this.#timed.count, '_bucket');
    line(times, {}, this.#timed.sum, '_sum');
    line(times, {}, this.#timed.count, '_count');
    for (const [name, value] of Object.entries(gauges)) line(name as Name, {}, value);
    return [...lines]
      .flatMap(([name, own]) => [
        `# HELP ${name} ${HELP[name][1]}`,
        `# TYPE ${name} ${HELP[name][0]}`,
        ...own,
      ])
      .join('\n')
      .concat('\n');
  }
}
