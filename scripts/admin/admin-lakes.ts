import { HttpFault } from '../../shared/http/http-fault.ts';
import { classPrefix } from '../../shared/lakes/class-prefix.ts';
import { type ClassRow, classRows } from '../../shared/lakes/class-rows.ts';
import { classPorts } from '../../shared/lakes/lakes.ts';
import type { AdminPorts } from './admin-ports.ts';

/** The lake of a retention class, or that of the default one. */
export interface AdminLake {
  /** Undefined of the default class. */
  readonly name: string | undefined;
  readonly ports: AdminPorts;
}

/** The default lake first. */
export const adminLakes = async (ports: AdminPorts): Promise<readonly AdminLake[]> => [
  { name: undefined, ports },
  ...(await classRows(ports.catalog)).map((row) => ({ name: row.name, ports: lakeOf(ports, row) })),
];

const lakeOf = (ports: AdminPorts, { name, retention }: ClassRow): AdminPorts => ({
  ...classPorts(ports, name),
  retention,
  addressOf: (key) => ports.addressOf(classPrefix(name) + key),
});

/** @throws HttpFault where there is no such class. */
export const adminLake = async (ports: AdminPorts, name: string | undefined): Promise<AdminPorts> => {
  if (name === undefined) return ports;
  const lakes = await adminLakes(ports);
  const found = lakes.find((lake) => lake.name === name);
  if (found !== undefined) return found.ports;
  throw new HttpFault(400, `class ${JSON.stringify(name.slice(0, 50))}: found no such retention class, ${lakes.flatMap((lake) => lake.name ?? []).join(', ') || 'none'} are allowed`);
};
