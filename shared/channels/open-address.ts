import { BlockList, isIP } from 'node:net';
import { PermanentError } from '../errors.ts';

/**
 * Networks that are nobody's business out there: this host, its neighbours, the metadata address of every cloud, and the ranges that
 * translate to any of them (IANA's special-purpose address registries, RFC 6890). IPv4-mapped addresses are judged as IPv4.
 */
const CLOSED = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's platform (Microsoft, "What is IP address 168.63.129.16")
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96', // unspecified, loopback, and IPv4-compatible addresses (RFC 4291, 2.5.5.1)
  '::ffff:0:0:0/96', // IPv4-translated addresses (RFC 2765, 2.1)
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10', // site-local (RFC 3879), which hosts still route
  'ff00::/8',
];

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const networks = (cidrs: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most) {
      throw new PermanentError(`read network: found ${JSON.stringify(cidr)}, an address with its bits such as 10.0.0.0/8 is allowed`);
    }
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
};

/** Whether a connection to an IP address is allowed. */
export type IsOpen = (address: string) => boolean;

/** Everything outside of the closed networks, and what `allowed` (CIDRs) opens of them. Throws for text that is no CIDR. */
export const makeIsOpen = (allowed: readonly string[]): IsOpen => {
  const closed = networks(CLOSED);
  const opened = networks(allowed);
  return (address) => isIP(address) !== 0 && (opened.check(address, familyOf(address)) || !closed.check(address, familyOf(address)));
};
