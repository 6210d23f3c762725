import { expect, test } from 'vitest';
import { isPublicAddress, refusePrivateHost } from './address-guard.ts';

test.each([
  ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.100.100.200', '0.0.0.0'],
  ...['224.0.0.1', '255.255.255.255', '192.0.0.192', '198.18.0.1', '::1', '::', 'fe80::1', 'fd00:ec2::254'],
  ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1', 'not an address'],
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each(['http://0x7f.1/', 'http://2130706433/', 'http://127.1/', 'http://[::ffff:7f00:1]/', 'http://0/'])(
  '%s is seen through',
  (url) => {
    expect(() => refusePrivateHost(new URL(url))).toThrow('not a public address');
  },
);
