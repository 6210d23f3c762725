/**
 * Keeps a collector from reaching what only this machine and its network can reach: services on the loopback
 * interface, a router, the cloud's metadata server. The address is checked when the connection is made, after the
 * name was resolved: a name that is resolved twice may mean two addresses (DNS rebinding).
 */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, type Dispatcher } from 'undici';

/** A name stands for an address that is not public. */
export class PrivateAddress extends Error {
  constructor(host: string, address: string) {
    super(
      host === address ? `${host} is not a public address` : `${host} is ${address}, not a public address`,
    );
    this.name = 'PrivateAddress';
  }
}

/**
 * Whether an IPv4 or IPv6 address, without brackets, is one of the open Internet. Private, loopback, link-local,
 * unique-local, shared, reserved and multicast ones are not, nor are those that carry an IPv4 address to a
 * translator (6to4, Teredo, NAT64); one that is mapped to IPv6 counts as what it is.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/** Throws {@link PrivateAddress} for a URL whose host is written as an address that is not public. */
export function refusePrivateHost({ hostname }: URL): void {
  const host = hostname.replace(/^\[|\]$/g, '');
  // A name is checked when it is resolved.
  if (ipaddr.isValid(host) && !isPublicAddress(host)) throw new PrivateAddress(host, host);
}

/** Resolves a name, unless any of its addresses is not public. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const refused = error ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
    const first = error ? undefined : addresses[0];
    if (refused !== undefined) callback(new PrivateAddress(hostname, refused.address), '');
    else if (error !== null || first === undefined) callback(error ?? new Error('no address'), '');
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** Connections are shared within a kind only: one that was made to a private address is never reused for the other. */
const agents: { guarded?: Dispatcher; open?: Dispatcher } = {};

/** What to send requests through. */
export function dispatcherFor(allowPrivate: boolean): Dispatcher {
  if (allowPrivate) return (agents.open ??= new Agent());
  return (agents.guarded ??= new Agent({ connect: { lookup: publicLookup } }));
}
