import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
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
