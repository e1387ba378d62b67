import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { UnavailableError } from '../errors.ts';
import { MAX_LISTED, MissingObjectError, type ByteRange, type ObjectListing, type ObjectStore, type ObjectSweep } from '../storage/object-store.ts';
import { awsErrorOf } from './aws-error.ts';
import { backOff, type Pacing } from './pacing.ts';

/** S3 says 409 while another conditional write of the key is under way; that one ends within moments. */
const MAX_CONFLICTS = 8;

/** S3 API reference, DeleteObjects. */
const MAX_DELETES = 1000;

/**
 * Objects of one bucket. When the answer to a write is lost, the SDK asks again and S3 says 412: such a `putIfAbsent` resolves to
 * false although it made the object, which is harmless for keys named by their content.
 */
export const makeS3Objects = (client: S3Client, bucket: string, pacing: Pacing): ObjectStore & ObjectSweep & ObjectListing => ({
  putIfAbsent: async (key, bytes) => {
    for (let attempt = 1; attempt <= MAX_CONFLICTS; attempt++) {
      const outcome = await tryPut(client, bucket, key, bytes);
      if (outcome !== 'conflict') return outcome === 'made';
      await backOff(pacing, attempt);
    }
    throw new UnavailableError(`put ${key}: found ${MAX_CONFLICTS} conflicts with other writers, one after another`, 1);
  },
  get: async (key, range) => {
    if (range?.length === 0) return (await readPart(client, bucket, key, { offset: 0, length: 1 })).subarray(0, 0);
    return readPart(client, bucket, key, range);
  },
  remove: async (keys) => {
    for (let i = 0; i < keys.length; i += MAX_DELETES) await removeSome(client, bucket, keys.slice(i, i + MAX_DELETES));
  },
  replace: async (key, bytes) => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ContentLength: bytes.length }));
  },
  list: async (prefix, after) => {
    const request = { Bucket: bucket, Prefix: prefix, MaxKeys: MAX_LISTED, ...(after === undefined ? {} : { StartAfter: after }) };
    const { Contents = [] } = await client.send(new ListObjectsV2Command(request));
    return Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size }));
  },
});

/** S3 takes away what it can and names the rest. */
const removeSome = async (client: S3Client, bucket: string, keys: readonly string[]): Promise<void> => {
  const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Quiet: true, Objects: keys.map((Key) => ({ Key })) } }));
  const [first] = Errors;
  if (first === undefined) return;
  throw new UnavailableError(`remove ${first.Key ?? 'objects'}: found ${first.Code ?? 'an error'}, and ${Errors.length} of ${keys.length} objects left`, 1);
};

const tryPut = async (client: S3Client, bucket: string, key: string, bytes: Uint8Array): Promise<'made' | 'was there' | 'conflict'> => {
  try {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ContentLength: bytes.length, IfNoneMatch: '*' }));
    return 'made';
  } catch (error) {
    const { status } = awsErrorOf(error);
    if (status === 412) return 'was there';
    if (status === 409) return 'conflict';
    throw error;
  }
};

const readPart = async (client: S3Client, bucket: string, key: string, range: ByteRange | undefined): Promise<Uint8Array> => {
  const Range = range === undefined ? undefined : `bytes=${range.offset}-${range.offset + range.length - 1}`;
  try {
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...(Range === undefined ? {} : { Range }) }));
    return (await answer.Body?.transformToByteArray()) ?? new Uint8Array(0);
  } catch (error) {
    const { name, status } = awsErrorOf(error);
    if (name === 'NoSuchKey') throw new MissingObjectError(key);
    // The range begins at or past the end.
    if (status === 416) return new Uint8Array(0);
    throw error;
  }
};
