import { PermanentError } from '../errors.ts';
import type { LabelPair } from '../model/labels.ts';
import { LabelCache } from '../protocols/label-cache.ts';
import { identifyLabels, type SeriesIdentity } from '../protocols/series-identity.ts';
import { shown } from './parser.ts';
import type { SampleFeed } from './sample-feed.ts';
import { timeFrom } from './sample-time.ts';

/** Rows of a Parquet file, column by column. */
export interface ParquetRows {
  readonly metrics: readonly (string | null)[];
  /** JSON objects of texts or nulls. */
  readonly labels: readonly (string | null)[];
  /** Unix seconds or milliseconds. */
  readonly times: readonly (number | null)[];
  /** Null for a stale marker. */
  readonly values: readonly (number | null)[];
}

/** Takes the rows of one file after another. */
export class ParquetParser {
  private readonly file: string;
  private readonly feed: SampleFeed;
  private readonly known = new LabelCache();
  private row = 0;

  constructor(file: string, feed: SampleFeed) {
    this.file = file;
    this.feed = feed;
  }

  /** @throws PermanentError `file: row …: found …`; of a file with one bad row nothing is kept. */
  push({ metrics, labels, times, values }: ParquetRows): void {
    times.forEach((time, i) => {
      this.row++;
      const identity = this.identityOf(metrics[i] ?? '', labels[i] ?? '{}');
      const tMs = time === null ? undefined : timeFrom(time);
      if (tMs === undefined) throw this.fault(`the time ${time}, a timestamp, Unix seconds or milliseconds allowed`);
      const value = values[i] ?? null;
      if (value === null) this.feed.stale(identity, tMs);
      else this.feed.sample(identity, tMs, value);
    });
  }

  private identityOf(metric: string, json: string): SeriesIdentity {
    const key = `${metric}\0${json}`;
    const cached = this.known.get(key);
    if (cached !== undefined) return cached;
    if (metric === '') throw this.fault('no metric name, each sample needs one');
    const identified = identifyLabels(metric, this.pairsOf(json));
    if ('reason' in identified) throw this.fault(identified.reason);
    const identity = { metric, labelsJson: identified.labelsJson };
    this.known.set(key, identity);
    return identity;
  }

  private pairsOf(json: string): readonly LabelPair[] {
    let labels: unknown;
    try {
      labels = JSON.parse(json);
    } catch {
      throw this.fault(`labels ${shown(json)}, a JSON object of texts allowed`);
    }
    if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) throw this.fault(`labels ${shown(json)}, a JSON object of texts allowed`);
    return Object.entries(labels).map(([name, value]): LabelPair => {
      if (value !== null && typeof value !== 'string') throw this.fault(`the label ${shown(name)} with ${shown(String(value))}, text allowed`);
      return [name, value ?? ''];
    });
  }

  private fault(found: string): PermanentError {
    return new PermanentError(`${this.file}: row ${this.row}: found ${found}`);
  }
}
