import { WATERMARK_HEADER } from '../../functions/query/answers.ts';
import type { Acknowledged } from './load.ts';

export interface Verdict {
  readonly lost: number;
  readonly doubled: number;
  /** Samples that are there, acknowledged or not. */
  readonly stored: number;
}

/**
 * Reads everything back twice over: PromQL gives the samples themselves, SQL counts rows, so that a sample that stands
 * there twice is seen even if one of the two would fold it.
 */
export const verify = async (url: string, acknowledged: readonly Acknowledged[], senders: readonly string[]): Promise<Verdict> => {
  let lost = 0;
  let doubled = 0;
  let stored = 0;
  const bySender = Map.groupBy(acknowledged, (each) => each.sender);
  // A fast machine sends more than a sample a millisecond, so the senders' times may be ahead of the clock; a minute holds what was unanswered.
  const atS = Math.max(Date.now(), acknowledged.reduce((newest, { tMs }) => Math.max(newest, tMs), 0)) / 1000 + 60;
  for (const sender of senders) {
    const found = await storedSamples(url, sender, atS);
    const rows = await storedRows(url, sender);
    stored += found.size;
    doubled += Math.max(0, rows - found.size);
    for (const { tMs, value } of bySender.get(sender) ?? []) if (found.get(tMs) !== value) lost++;
  }
  return { lost, doubled, stored };
};

const storedSamples = async (url: string, sender: string, atS: number): Promise<ReadonlyMap<number, number>> => {
  const body = new URLSearchParams({ query: `kill_load{sender="${sender}"}[2h]`, time: String(atS) });
  const answer = (await (await fetch(`${url}/api/v1/query`, { method: 'POST', body })).json()) as {
    data?: { result: { values: [number, string][] }[] };
    error?: string;
  };
  if (answer.data === undefined) throw new Error(`verify ${sender}: ${answer.error}`);
  return new Map(answer.data.result.flatMap((series) => series.values.map(([timeS, value]) => [Math.round(timeS * 1000), Number(value)] as const)));
};

const storedRows = async (url: string, sender: string): Promise<number> => {
  const query = `SELECT count(*) AS n FROM samples WHERE metric = 'kill_load' AND json_extract_scalar(labels, '$.sender') = ?`;
  const headers = { 'content-type': 'application/json' };
  const answer = (await (await fetch(`${url}/api/v1/sql`, { method: 'POST', headers, body: JSON.stringify({ query, parameters: [sender] }) })).json()) as {
    rows?: [string][];
    error?: string;
  };
  if (answer.rows === undefined) throw new Error(`verify ${sender}: ${answer.error}`);
  return Number(answer.rows[0]?.[0]);
};

/** The watermark that an answer carries: what arrived before it is stored. Undefined before the first. */
export const watermarkOf = async (url: string): Promise<number | undefined> => {
  const header = (await fetch(`${url}/api/v1/query?query=1`)).headers.get(WATERMARK_HEADER);
  return header === null ? undefined : Number(header);
};
