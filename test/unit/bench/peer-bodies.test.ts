import { describe, expect, it } from 'vitest';
import { lineProtocolBody } from '../../../scripts/bench/line-protocol-body.ts';
import { remoteWriteBody } from '../../../scripts/bench/remote-write-body.ts';
import { SampleBatchBuilder } from '../../../shared/model/sample-batch.ts';
import { DEFAULT_SAMPLE_LIMITS } from '../../../shared/protocols/limits.ts';
import { decodeRemoteWrite } from '../../../shared/protocols/remote-write.ts';
import { decodeSnappy } from '../../../shared/protocols/snappy.ts';

const builder = new SampleBatchBuilder();
for (const [metric, value] of [['cpu_user', 1.5], ['cpu_idle', -2], ['mem_free', 4096]] as const) {
  builder.series(metric, '{"env":"test","host":"a"}');
  builder.sample(1_758_463_200_000, value);
  builder.sample(1_758_463_210_000, value + 1);
}
const batch = builder.build();

describe('what the servers are sent', () => {
  it('is a line for each measurement and time as line protocol', () => {
    expect(String(lineProtocolBody([batch])).split('\n')).toEqual([
      'cpu,env=test,host=a user=1.5,idle=-2 1758463200000',
      'mem,env=test,host=a free=4096 1758463200000',
      'cpu,env=test,host=a user=2.5,idle=-1 1758463210000',
      'mem,env=test,host=a free=4097 1758463210000',
    ]);
  });

  it('is the same samples as remote write', () => {
    const { batch: decoded, rejected } = decodeRemoteWrite(decodeSnappy(remoteWriteBody([batch]), 1 << 20), DEFAULT_SAMPLE_LIMITS);
    expect(rejected).toEqual([]);
    expect(decoded).toEqual(batch);
  });
});
