import type { PartitionFile } from '../catalog/partitions.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { CorruptFileError } from '../parquet/errors.ts';
import type { SeriesMatcher } from './label-matching.ts';
import type { FilePorts } from './sample-files.ts';
import type { SelectCounts } from './sample-pieces.ts';
import { checkIndexSize, readSeriesIndex, type SeriesIndex } from './series-index.ts';
import type { TimeRange } from './series-search.ts';

/**
 * The series index of a compacted file, out of the cache or read whole: it takes a hundredth of the file.
 * @throws MissingObjectError, CorruptFileError, UnsupportedFileError
 */
export const loadSeriesIndex = ({ objects, cache }: FilePorts, { rows, seriesIndex }: PartitionFile, counts?: SelectCounts): Promise<SeriesIndex> =>
  cache.seriesIndexes.get(seriesIndex.key, async () => {
    checkIndexSize(seriesIndex.bytes, seriesIndex.series);
    const bytes = await objects.get(seriesIndex.key, { offset: 0, length: seriesIndex.bytes });
    if (counts !== undefined) {
      counts.requests++;
      counts.bytes += bytes.length;
    }
    const index = await readSeriesIndex(bytes, rows);
    if (index.setOf.length !== seriesIndex.series) throw new CorruptFileError(`found an index of ${index.setOf.length} series, ${seriesIndex.series} announced`);
    return index;
  });

/** Whether what the manifest tells of a file leaves it open that a series of it matches. */
export const mayHoldSeries = (file: PartitionFile, { metric }: SeriesMatcher, { fromMs, toMs }: TimeRange): boolean =>
  file.minTMs <= toMs &&
  file.maxTMs >= fromMs &&
  (metric === undefined || (compareUtf8(file.minMetric, metric) <= 0 && compareUtf8(metric, file.maxMetric) <= 0));
