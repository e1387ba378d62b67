import { PermanentError } from '../errors.ts';
import { type Labels, type LabelPair, labelsToJson, makeLabels } from '../model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../model/sample-batch.ts';

export type MetricType = 'counter' | 'gauge';

/** A cumulative count since the process began. */
export interface Counter {
  /** Adds `amount` (1 if not given); it must not be negative. */
  add(amount?: number): void;
}

export interface Gauge {
  set(value: number): void;
}

interface Series {
  readonly labels: Labels;
  readonly labelsJson: string;
  value: number;
}

export interface Family {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly series: ReadonlyMap<string, { readonly labels: Labels; readonly value: number }>;
}

/** About 5 MB of objects; a host that has more of one metric should not tell them apart. */
const DEFAULT_SERIES_PER_METRIC = 10_000;

/** @throws PermanentError for a name that no frame can hold. */
export const checkMetricName = (name: string): void => {
  if (name === '' || !name.isWellFormed() || name.length > 1024) {
    throw new PermanentError(`metric ${JSON.stringify(name.slice(0, 100))}: found a name of ${name.length} characters, 1 to 1024 of well-formed text are allowed`);
  }
};

/**
 * Counters and gauges in memory. Adding to one costs a few nanoseconds and never waits, so that a game loop or a request
 * handler does not feel it; a flush takes what they read at that moment.
 */
export class MetricRegistry {
  private readonly found = new Map<string, { type: MetricType; help: string; series: Map<string, Series> }>();
  private readonly fixed: readonly LabelPair[];
  private readonly seriesPerMetric: number;

  /**
   * `labels` stand on every series of this registry, unless a series says otherwise. Label values often come from outside; past
   * `seriesPerMetric` those of a metric that are new are counted by nobody, so that no sender can fill the memory.
   */
  constructor(labels: Readonly<Record<string, string>> = {}, seriesPerMetric = DEFAULT_SERIES_PER_METRIC) {
    this.fixed = Object.entries(labels);
    this.seriesPerMetric = seriesPerMetric;
  }

  counter(name: string, labels: Readonly<Record<string, string>> = {}, help = ''): Counter {
    const series = this.seriesOf(name, 'counter', labels, help);
    return {
      add: (amount = 1) => {
        if (!(amount >= 0)) throw new PermanentError(`add to counter ${name}: found ${amount}, a counter takes 0 or more`);
        series.value += amount;
      },
    };
  }

  gauge(name: string, labels: Readonly<Record<string, string>> = {}, help = ''): Gauge {
    const series = this.seriesOf(name, 'gauge', labels, help);
    return {
      set: (value) => {
        series.value = value;
      },
    };
  }

  /** A counter that is kept elsewhere (the kernel's, say) and read off as it is. */
  observe(name: string, type: MetricType, labels: Readonly<Record<string, string>>, value: number, help = ''): void {
    this.seriesOf(name, type, labels, help).value = value;
  }

  families(): readonly Family[] {
    return [...this.found].map(([name, family]) => ({ name, ...family }));
  }

  /** Every series as one sample at `tMs`, with its type and help. */
  snapshot(tMs: number): SampleBatch {
    const batch = new SampleBatchBuilder();
    for (const [metric, family] of this.found) {
      batch.describe({ metric, type: family.type, help: family.help, unit: '' });
      for (const series of family.series.values()) {
        batch.series(metric, series.labelsJson);
        batch.sample(tMs, series.value);
      }
    }
    return batch.build();
  }

  private seriesOf(name: string, type: MetricType, labels: Readonly<Record<string, string>>, help: string): Series {
    let family = this.found.get(name);
    if (family === undefined) checkMetricName(name);
    if (family === undefined) this.found.set(name, (family = { type, help, series: new Map() }));
    if (family.type !== type) throw new PermanentError(`metric ${name}: found it as a ${family.type}, it cannot be a ${type} too`);
    const key = JSON.stringify(labels);
    let series = family.series.get(key);
    if (series === undefined) {
      const own = makeLabels([...this.fixed.filter(([label]) => !Object.hasOwn(labels, label)), ...Object.entries(labels)]);
      series = { labels: own, labelsJson: labelsToJson(own), value: 0 };
      if (family.series.size < this.seriesPerMetric) family.series.set(key, series);
    }
    return series;
  }
}
