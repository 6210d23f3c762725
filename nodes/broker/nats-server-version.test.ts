import { expect, test } from 'vitest';
import { isSupportedVersion, parseVersion, requireSupportedVersion } from './nats-server-version.ts';

test.each([
  ['nats-server: v2.15.1\n', '2.15.1'],
  ['nats-server: v2.12.7-RC.1', '2.12.7'],
  ['usage: something else', undefined],
])('the release in %j is %s', (text, version) => {
  expect(parseVersion(text)).toBe(version);
});

test.each(['2.12.7', '2.12.30', '2.14.0', '2.15.1', '2.100.0', '3.0.0'])('%s is supported', (version) => {
  expect(isSupportedVersion(version)).toBe(true);
});

test.each(['1.4.1', '2.9.10', '2.11.16', '2.12.6', '2.13.9', '', 'unknown'])('%s is refused', (version) => {
  expect(isSupportedVersion(version)).toBe(false);
});

test('a refusal names the release and what is needed', () => {
  expect(() => requireSupportedVersion('2.9.10', '/usr/sbin/nats-server')).toThrowError(/2\.9\.10.*2\.12\.7/);
});
