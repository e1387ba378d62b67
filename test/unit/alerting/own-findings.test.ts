import { describe, expect, it } from 'vitest';
import { lateSenderFindings } from '../../../shared/alerting/own-findings.ts';

const NOW = 1_700_000_000_000;

const remedy = (latenessMs: number, flushIntervalMs: number, allowedMs = 15_000): string | undefined => {
  const sender = { sender: 's', shardId: 'shard-0', firstSeenMs: NOW, lastSeenMs: NOW, flushIntervalMs, samples: 1, latenessMs, latenessAtMs: NOW };
  return lateSenderFindings([sender], [], { latenessMs: allowedMs, nowMs: NOW })[0]?.description;
};

describe('what helps against a late sender', () => {
  it('is a shorter flush interval, where that is what makes it late', () => {
    expect(remedy(62_300, 60_000)).toBe(
      'They arrive up to 62 s after their time, and rules wait for 15 s. It flushes every 60 s: lower that to 10 s, give the groups of its rules a query_offset of 53s, or raise the lateness of the installation, for which all rules wait, to 68 s (latenessS; start --lateness).',
    );
    expect(remedy(70_000, 60_000, 65_000)).toMatch(/ Mend its clock, or what holds its samples up, give .* of 10s, or raise .* to 75 s /);
  });

  it('is its clock where it flushes often or does not say', () => {
    expect(remedy(40_000, 10_000)).toMatch(/rules wait for 15 s\. Mend its clock, or what holds its samples up, /);
    expect(remedy(40_000, 0)).toMatch(/rules wait for 15 s\. Mend its clock, or what holds its samples up, /);
  });

  it('is no lateness beyond what may be set', () => {
    expect(remedy(3_600_000, 0)).toBe('They arrive up to 3600 s after their time, and rules wait for 15 s. Mend its clock, or what holds its samples up, or give the groups of its rules a query_offset.');
  });
});
