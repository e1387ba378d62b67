import { createHash } from 'node:crypto';
import type { ItemTable } from '../catalog/item-table.ts';
import { addQuarantineFile, quarantineKey } from '../catalog/quarantine-files.ts';
import { PermanentError } from '../errors.ts';
import type { ObjectStore } from './object-store.ts';

/** Why a record is in quarantine, and how many of its samples that concerns; 0 where nobody could count them. */
export interface QuarantineReason {
  readonly reason: string;
  readonly samples: number;
}

/** A record as it came, of which not everything could be stored. Putting it into the stream again tries once more. */
export interface QuarantinedRecord {
  readonly shardId: string;
  readonly sequence: string;
  readonly arrivalMs: number;
  readonly partitionKey: string;
  /** '' where the record did not tell. */
  readonly sender: string;
  readonly reasons: readonly QuarantineReason[];
  readonly data: Uint8Array;
}

export interface QuarantinePorts {
  readonly objects: Pick<ObjectStore, 'putIfAbsent'>;
  readonly catalog: ItemTable;
}

/**
 * Keeps the records, all of one shard and in order, in one object of JSON lines: the record's fields, `data` as base64.
 * The key is named by the content, so a retry finds its object there. Resolves to the key once the object and then its
 * catalog row are durable.
 */
export const quarantine = async ({ objects, catalog }: QuarantinePorts, records: readonly QuarantinedRecord[]): Promise<string> => {
  const [first] = records as readonly [QuarantinedRecord];
  const last = records.at(-1) ?? first;
  const text = records.map((record) => `${JSON.stringify({ ...record, data: Buffer.from(record.data).toString('base64') })}\n`).join('');
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const { arrivalMs, shardId } = first;
  const key = quarantineKey(arrivalMs, `${shardId}-${first.sequence}-${last.sequence}-${hash}`);
  await objects.putIfAbsent(key, Buffer.from(text));
  await addQuarantineFile(catalog, { key, arrivalMs, records: records.length });
  return key;
};

/** The records of a quarantine object. @throws PermanentError for bytes that are none, with the line. */
export const parseQuarantine = (bytes: Uint8Array): readonly QuarantinedRecord[] =>
  Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        const { data, ...fields } = JSON.parse(line) as Omit<QuarantinedRecord, 'data'> & { readonly data: string };
        return { ...fields, data: new Uint8Array(Buffer.from(data, 'base64')) };
      } catch (cause) {
        throw new PermanentError(`read quarantine line ${i + 1}: found no record in JSON`, { cause });
      }
    });
