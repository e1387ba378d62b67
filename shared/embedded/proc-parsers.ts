/** Readings of the kernel's text files, as `[metric, labels, value]`. Names are those of node_exporter. */
export type Reading = readonly [metric: string, labels: Readonly<Record<string, string>>, value: number];

/** USER_HZ is 100 on every Linux that Node runs on (man 5 proc, /proc/stat). */
const TICKS_PER_SECOND = 100;
/** /proc/diskstats counts sectors of 512 bytes whatever the device's own are (Documentation/admin-guide/iostats.rst). */
const SECTOR_BYTES = 512;
const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;

/** /proc/stat */
export const parseStat = (text: string): Reading[] => {
  const readings: Reading[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(/\s+/);
    const cpu = /^cpu(\d+)$/.exec(fields[0] ?? '')?.[1];
    if (cpu !== undefined) {
      CPU_MODES.forEach((mode, i) => readings.push(['node_cpu_seconds_total', { cpu, mode }, Number(fields[i + 1] ?? 0) / TICKS_PER_SECOND]));
    }
    if (fields[0] === 'btime') readings.push(['node_boot_time_seconds', {}, Number(fields[1])]);
    if (fields[0] === 'ctxt') readings.push(['node_context_switches_total', {}, Number(fields[1])]);
    if (fields[0] === 'intr') readings.push(['node_intr_total', {}, Number(fields[1])]);
    if (fields[0] === 'processes') readings.push(['node_forks_total', {}, Number(fields[1])]);
    if (fields[0] === 'procs_running') readings.push(['node_procs_running', {}, Number(fields[1])]);
    if (fields[0] === 'procs_blocked') readings.push(['node_procs_blocked', {}, Number(fields[1])]);
  }
  return readings;
};

/** /proc/meminfo: `Active(anon)` becomes `node_memory_Active_anon_bytes`. */
export const parseMeminfo = (text: string): Reading[] => {
  const readings: Reading[] = [];
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z0-9_()]+):\s+(\d+)( kB)?$/.exec(line);
    if (match === null) continue;
    const name = (match[1] as string).replace(/\((.*)\)/, '_$1');
    const isKb = match[3] !== undefined;
    readings.push([`node_memory_${name}${isKb ? '_bytes' : ''}`, {}, Number(match[2]) * (isKb ? 1024 : 1)]);
  }
  return readings;
};

const DISK_FIELDS: readonly (readonly [metric: string, field: number, factor: number])[] = [
  ['node_disk_reads_completed_total', 3, 1],
  ['node_disk_read_bytes_total', 5, SECTOR_BYTES],
  ['node_disk_read_time_seconds_total', 6, 0.001],
  ['node_disk_writes_completed_total', 7, 1],
  ['node_disk_written_bytes_total', 9, SECTOR_BYTES],
  ['node_disk_write_time_seconds_total', 10, 0.001],
  ['node_disk_io_now', 11, 1],
  ['node_disk_io_time_seconds_total', 12, 0.001],
];

/** /proc/diskstats, without the partitions and memory disks that node_exporter leaves out too. */
export const parseDiskstats = (text: string): Reading[] =>
  text.split('\n').flatMap((line): Reading[] => {
    const fields = line.trim().split(/\s+/);
    const device = fields[2];
    if (device === undefined || /^(?:z?ram|loop|fd|(?:h|s|v|xv)d[a-z]+|nvme\d+n\d+p)\d+$/.test(device)) return [];
    return DISK_FIELDS.map(([metric, field, factor]) => [metric, { device }, Number(fields[field] ?? 0) * factor]);
  });

const NET_FIELDS = ['bytes', 'packets', 'errs', 'drop'] as const;

/** /proc/net/dev */
export const parseNetDev = (text: string): Reading[] =>
  text.split('\n').flatMap((line): Reading[] => {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (match === null) return [];
    const device = match[1] as string;
    const fields = (match[2] as string).split(/\s+/).map(Number);
    return NET_FIELDS.flatMap((kind, i): Reading[] => [
      [`node_network_receive_${kind}_total`, { device }, fields[i] ?? 0],
      [`node_network_transmit_${kind}_total`, { device }, fields[i + 8] ?? 0],
    ]);
  });

/** `netstat -ibn` of macOS: the link-level row of each device. */
export const parseNetstat = (text: string): Reading[] => {
  const seen = new Set<string>();
  return text.split('\n').flatMap((line): Reading[] => {
    const fields = line.trim().split(/\s+/);
    const device = fields[0];
    if (device === undefined || fields[2]?.startsWith('<Link#') !== true || seen.has(device)) return [];
    seen.add(device);
    // The address column is empty for some devices, so the counters are taken from the right: Ipkts Ierrs Ibytes Opkts Oerrs Obytes Coll.
    const [receivePackets, receiveErrs, receiveBytes, transmitPackets, transmitErrs, transmitBytes] = fields.slice(-7).map(Number);
    return [
      ['node_network_receive_bytes_total', { device }, receiveBytes ?? 0],
      ['node_network_receive_packets_total', { device }, receivePackets ?? 0],
      ['node_network_receive_errs_total', { device }, receiveErrs ?? 0],
      ['node_network_transmit_bytes_total', { device }, transmitBytes ?? 0],
      ['node_network_transmit_packets_total', { device }, transmitPackets ?? 0],
      ['node_network_transmit_errs_total', { device }, transmitErrs ?? 0],
    ];
  });
};
