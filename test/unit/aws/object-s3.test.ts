import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeS3Objects } from '../../../shared/aws/object-s3.ts';
import { UnavailableError } from '../../../shared/errors.ts';
import { MissingObjectError } from '../../../shared/storage/object-store.ts';
import { recordedPacing } from './pacing.ts';

const s3 = mockClient(S3Client);

const refusal = (name: string, httpStatusCode: number): S3ServiceException =>
  new S3ServiceException({ name, $fault: 'client', message: name, $metadata: { httpStatusCode } });

const body = (text: string) => ({ Body: { transformToByteArray: async () => Buffer.from(text) } });

const make = () => {
  const pacing = recordedPacing();
  return { pacing, objects: makeS3Objects(new S3Client({}), 'lake', pacing) };
};

beforeEach(() => s3.reset());

describe('objects on S3: putting', () => {
  it('asks S3 to refuse a key that is there', async () => {
    s3.on(PutObjectCommand).resolves({});
    expect(await make().objects.putIfAbsent('hot/a', Buffer.from('x'))).toBe(true);
    expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({ Bucket: 'lake', Key: 'hot/a', IfNoneMatch: '*', ContentLength: 1 });
  });

  it('takes 412 for "was there"', async () => {
    s3.on(PutObjectCommand).rejects(refusal('PreconditionFailed', 412));
    expect(await make().objects.putIfAbsent('hot/a', Buffer.from('x'))).toBe(false);
  });

  it('waits out 409, the conflict of two writers under way', async () => {
    s3.on(PutObjectCommand).rejectsOnce(refusal('ConditionalRequestConflict', 409)).rejectsOnce(refusal('ConditionalRequestConflict', 409)).resolves({});
    const { objects, pacing } = make();
    expect(await objects.putIfAbsent('hot/a', Buffer.from('x'))).toBe(true);
    expect(pacing.waitsMs).toEqual([50, 100]);
  });

  it('gives up on a conflict that does not end', async () => {
    s3.on(PutObjectCommand).rejects(refusal('ConditionalRequestConflict', 409));
    await expect(make().objects.putIfAbsent('hot/a', Buffer.from('x'))).rejects.toBeInstanceOf(UnavailableError);
    expect(s3.commandCalls(PutObjectCommand)).toHaveLength(8);
  });

  it('passes every other refusal on', async () => {
    s3.on(PutObjectCommand).rejects(refusal('AccessDenied', 403));
    await expect(make().objects.putIfAbsent('hot/a', Buffer.from('x'))).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

describe('objects on S3: getting', () => {
  it('asks for a span by first and last byte', async () => {
    s3.on(GetObjectCommand).resolves(body('abc') as never);
    expect(Buffer.from(await make().objects.get('k', { offset: 10, length: 3 })).toString()).toBe('abc');
    expect(s3.commandCalls(GetObjectCommand)[0]?.args[0].input.Range).toBe('bytes=10-12');
  });

  it('asks for the whole object without a range', async () => {
    s3.on(GetObjectCommand).resolves(body('abc') as never);
    await make().objects.get('k');
    expect(s3.commandCalls(GetObjectCommand)[0]?.args[0].input).toEqual({ Bucket: 'lake', Key: 'k' });
  });

  it('says which key is missing', async () => {
    s3.on(GetObjectCommand).rejects(new NoSuchKey({ message: 'none', $metadata: { httpStatusCode: 404 } }));
    await expect(make().objects.get('k', { offset: 0, length: 0 })).rejects.toEqual(new MissingObjectError('k'));
  });

  it('does not take a missing bucket for a missing object', async () => {
    s3.on(GetObjectCommand).rejects(refusal('NoSuchBucket', 404));
    await expect(make().objects.get('k')).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  it('gives nothing for a span past the end', async () => {
    s3.on(GetObjectCommand).rejects(refusal('InvalidRange', 416));
    expect(await make().objects.get('k', { offset: 99, length: 3 })).toHaveLength(0);
  });
});

describe('objects on S3: sweeping', () => {
  it('puts without a condition to replace', async () => {
    s3.on(PutObjectCommand).resolves({});
    await make().objects.replace('sql/list', Buffer.from('xy'));
    expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toEqual({ Bucket: 'lake', Key: 'sql/list', Body: Buffer.from('xy'), ContentLength: 2 });
  });

  it('removes in requests of 1000 keys', async () => {
    s3.on(DeleteObjectsCommand).resolves({});
    await make().objects.remove(Array.from({ length: 1001 }, (_, i) => `k${i}`));
    expect(s3.commandCalls(DeleteObjectsCommand).map((call) => call.args[0].input.Delete?.Objects?.length)).toEqual([1000, 1]);
  });

  it('rejects when S3 leaves an object, and names it', async () => {
    s3.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: 'k1', Code: 'InternalError' }] });
    await expect(make().objects.remove(['k0', 'k1'])).rejects.toThrow('remove k1: found InternalError, and 1 of 2 objects left');
  });
});

describe('objects on S3: listing', () => {
  it('asks for what begins with the prefix and comes after a key, a page at a time', async () => {
    s3.on(ListObjectsV2Command).resolves({ Contents: [{ Key: 'raw/b', Size: 3 }], IsTruncated: true });
    expect(await make().objects.list('raw/', 'raw/a')).toEqual([{ key: 'raw/b', bytes: 3 }]);
    expect(s3.commandCalls(ListObjectsV2Command)[0]?.args[0].input).toEqual({ Bucket: 'lake', Prefix: 'raw/', MaxKeys: 1000, StartAfter: 'raw/a' });
    s3.on(ListObjectsV2Command).resolves({});
    expect(await make().objects.list('none/')).toEqual([]);
  });
});
