import { endBackfill, touchBackfill } from '../catalog/backfill-files.ts';
import type { CompactPorts } from '../compaction/compact-hour.ts';
import { PermanentError } from '../errors.ts';
import { type ClassRow, currentClasses } from '../lakes/class-rows.ts';
import { classPorts } from '../lakes/lakes.ts';
import { commitStep, dayStep, type StepOptions } from './commit-step.ts';
import { type CommitStep, NOTHING } from './report.ts';

export interface RunOptions extends StepOptions {
  /** Those of the settings. */
  readonly classes: readonly ClassRow[];
}

/**
 * Puts the waiting files of one partition where they belong, or brings a day up to date: lake by lake, first the files of all. To be
 * called until it says that it is done. A call that dies may be made again.
 * @throws PermanentError when the run is not there.
 */
export const stepRun = async (ports: CompactPorts, options: RunOptions): Promise<CommitStep> => {
  const { run, nowMs, classes } = options;
  const names = await touchBackfill(ports.catalog, run, nowMs);
  const rows = await currentClasses(ports.catalog, classes);
  for (const next of [commitStep, dayStep]) {
    for (const name of [undefined, ...names]) {
      const done = name === undefined ? await next(ports, options) : await next(classPorts(ports, name), { ...options, retention: rowOf(rows, name).retention });
      if (done !== undefined) return name === undefined || done.partition === undefined ? done : { ...done, partition: { ...done.partition, class: name } };
    }
  }
  await endBackfill(ports.catalog, run, names);
  return { isDone: true, ...NOTHING };
};

const rowOf = (rows: readonly ClassRow[], name: string): ClassRow => {
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new PermanentError(`backfill class ${name}: found no such class in the catalog any more; run "tidemark doctor --rebuild-catalog", then the command again`);
  return row;
};
