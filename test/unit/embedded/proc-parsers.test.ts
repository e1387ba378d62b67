import { describe, expect, it } from 'vitest';
import { parseDiskstats, parseMeminfo, parseNetDev, parseNetstat, parseStat } from '../../../shared/embedded/proc-parsers.ts';

describe('host readings', () => {
  it('reads processor time per cpu and mode in seconds', () => {
    const readings = parseStat('cpu  10 0 20 30 0 0 0 0 0 0\ncpu0 1234 5 678 91011 12 0 3 4 0 0\nctxt 99\nbtime 1700000000\n');
    expect(readings).toContainEqual(['node_cpu_seconds_total', { cpu: '0', mode: 'idle' }, 910.11]);
    expect(readings).toContainEqual(['node_cpu_seconds_total', { cpu: '0', mode: 'steal' }, 0.04]);
    expect(readings).toContainEqual(['node_boot_time_seconds', {}, 1_700_000_000]);
    expect(readings.filter(([metric]) => metric === 'node_cpu_seconds_total')).toHaveLength(8);
  });

  it('reads memory in bytes, brackets as underscores', () => {
    expect(parseMeminfo('MemTotal:       16 kB\nActive(anon):    2 kB\nHugePages_Total:       3\n')).toEqual([
      ['node_memory_MemTotal_bytes', {}, 16_384],
      ['node_memory_Active_anon_bytes', {}, 2048],
      ['node_memory_HugePages_Total', {}, 3],
    ]);
  });

  it('reads whole disks and leaves partitions out', () => {
    const readings = parseDiskstats('   8 0 sda 10 0 20 30 40 0 50 60 1 70 80\n   8 1 sda1 1 0 2 3 4 0 5 6 0 7 8\n');
    expect(readings).toContainEqual(['node_disk_read_bytes_total', { device: 'sda' }, 10_240]);
    expect(readings).toContainEqual(['node_disk_io_time_seconds_total', { device: 'sda' }, 0.07]);
    expect(readings.every(([, labels]) => labels['device'] === 'sda')).toBe(true);
  });

  it('reads network counters of Linux', () => {
    const readings = parseNetDev('Inter-|   Receive |  Transmit\n face |bytes\n  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n');
    expect(readings).toContainEqual(['node_network_receive_bytes_total', { device: 'eth0' }, 1]);
    expect(readings).toContainEqual(['node_network_transmit_drop_total', { device: 'eth0' }, 8]);
  });

  it('reads network counters of macOS', () => {
    const readings = parseNetstat(
      'Name  Mtu   Network       Address            Ipkts Ierrs     Ibytes    Opkts Oerrs     Obytes  Coll\n' +
        'lo0   16384 <Link#1>                          11     0        12       13     0         14     0\n' +
        'en0   1500  <Link#4>    aa:bb:cc:dd:ee:ff     21     1        22       23     2         24     0\n' +
        'en0   1500  192.168.1     192.168.1.2         21     -        22       23     -         24     -\n',
    );
    expect(readings).toContainEqual(['node_network_receive_bytes_total', { device: 'lo0' }, 12]);
    expect(readings).toContainEqual(['node_network_transmit_errs_total', { device: 'en0' }, 2]);
    expect(readings).toHaveLength(12);
  });
});
