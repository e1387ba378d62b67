import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { IsOpen } from './open-address.ts';

/** The receiver's name leads into a network that is closed to us. */
export class ClosedAddressError extends Error {
  override readonly name = 'ClosedAddressError';
  readonly code = 'CLOSED_ADDRESS';
}

/** Resolves names to open addresses only, so that the address that is checked is the one that is connected to. */
export const openLookup =
  (isOpen: IsOpen): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const open = error === null ? addresses.filter(({ address }) => isOpen(address)) : [];
      const [first] = open;
      if (first === undefined) callback(error ?? new ClosedAddressError(`connect ${hostname}: found closed addresses alone`), '', 0);
      else if (options.all === true) callback(null, open as LookupAddress[]);
      else callback(null, first.address, first.family);
    });
  };

/** Literal addresses are not looked up: they are refused here. */
export const refuseClosedAddress = (host: string, isOpen: IsOpen): void => {
  if (isIP(host) !== 0 && !isOpen(host)) throw new ClosedAddressError(`connect ${host}: found a closed address`);
};
