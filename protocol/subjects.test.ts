import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Address } from './address.ts';
import { formatAddress } from './address.ts';
import { subjectsOf } from './subjects.ts';

const subjects = subjectsOf('banyan');
const addresses = fc
  .tuple(fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/), fc.stringMatching(/^[A-Za-z0-9_:-]{1,128}$/))
  .map(([kind, key]) => formatAddress(kind, key));

describe('building', () => {
  test('the public subjects are the documented ones', () => {
    expect(subjects.to('counter/a')).toBe('banyan.to.counter.a');
    expect(subjects.submit('counter/a')).toBe('banyan.submit.counter.a');
    expect(subjects.call('counter/a')).toBe('banyan.call.counter.a');
    expect(subjects.ask('counter/a', 'stats')).toBe('banyan.ask.counter.a.stats');
    expect(subjects.event('counter/a', 'value-changed')).toBe('banyan.event.counter.a.value-changed');
    expect(subjects.dead('counter/a')).toBe('banyan.dead.counter.a');
    expect(subjects.deadUnknown).toBe('banyan.dead._._');
    expect(subjects.frame(7)).toBe('banyan.frame.7');
    expect(subjects.claim(7)).toBe('banyan.claim.7');
    expect(subjects.lane('n1-0-x_Y', 3)).toBe('banyan.lane.n1-0-x_Y.3');
    expect(subjects.stateHead(7)).toBe('banyan.state.7.head');
    expect(subjects.stateSlot(7, 12)).toBe('banyan.state.7.12');
    expect(subjects.sys('tree')).toBe('banyan.sys.tree');
    expect(subjects.all.to).toBe('banyan.to.*.*');
  });

  test('messages are mapped to partitions by both tokens', () => {
    expect(subjects.transform(64)).toEqual({
      src: 'banyan.to.*.*',
      dest: 'banyan.log.{{partition(64,1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}',
    });
  });

  test.each(['a/b.c', 'a/*', 'a/>', 'a/b/c', 'a/ ', 'a/\0', `a/${'x'.repeat(500)}`])('refuses %j', (text) => {
    const address = text as Address;
    for (const build of [subjects.to, subjects.submit, subjects.call, subjects.dead]) {
      expect(() => build(address)).toThrow(expect.objectContaining({ code: 'address.invalid' }));
    }
  });

  test('what the runtime names itself is one token: anything else is a bug', () => {
    const bugs = [
      () => subjects.lane('a.b', 0),
      () => subjects.lanesOf('*'),
      () => subjects.lanesOf(''),
      () => subjects.lane('a', -1),
      () => subjects.claim(0.5),
      () => subjects.stateSlot(0, -1),
    ];
    for (const bug of bugs) expect(bug).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  test('a query or an event is one token', () => {
    expect(() => subjects.ask('a/b', 'x.y')).toThrow(expect.objectContaining({ code: 'request.subject' }));
    expect(() => subjects.event('a/b', '*')).toThrow(expect.objectContaining({ code: 'event.invalid' }));
  });

  test.each(['', 'a.b', 'a b', '*', 'x'.repeat(33)])('refuses the namespace %j', (namespace) => {
    expect(() => subjectsOf(namespace)).toThrow(expect.objectContaining({ code: 'config.invalid' }));
  });
});

describe('parsing a log entry', () => {
  test('finds partition, kind and key of every stored message', () => {
    fc.assert(
      fc.property(addresses, fc.nat(1023), (address, partition) => {
        const stored = subjects.to(address).replace('.to.', `.log.${partition}.`);
        const [actorKind, actorKey] = address.split('/');
        expect(subjects.parseStored(stored)).toEqual({ kind: 'message', partition, actorKind, actorKey });
      }),
    );
  });

  test('finds the partition of frames, verdicts and claims', () => {
    expect(subjects.parseStored(subjects.frame(63))).toEqual({ kind: 'frame', partition: 63 });
    expect(subjects.parseStored(subjects.verdict(0))).toEqual({ kind: 'verdict', partition: 0 });
    expect(subjects.parseStored(subjects.claim(5))).toEqual({ kind: 'claim', partition: 5 });
  });

  test('says undefined to everything else, and never throws', () => {
    const others = [
      'banyan.log.x.a.b',
      'banyan.log.1.a',
      'banyan.log.1.a.b.c',
      'other.log.1.a.b',
      'banyan.frame.',
      'banyan.claim.x',
      'banyan.lane.me.1',
      'banyan.state.1.head',
      '',
    ];
    for (const other of others) expect(subjects.parseStored(other)).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(subjects.parseStored(text)).toBeUndefined();
      }),
    );
  });
});

describe('parsing a request', () => {
  test('finds verb and tokens of what the builders made', () => {
    fc.assert(
      fc.property(addresses, (address) => {
        const tokens = address.split('/');
        expect(subjects.parseRequest(subjects.submit(address))).toEqual({ verb: 'submit', tokens });
        expect(subjects.parseRequest(subjects.call(address))).toEqual({ verb: 'call', tokens });
        expect(subjects.parseRequest(subjects.ask(address, 'top'))).toEqual({
          verb: 'ask',
          tokens: [...tokens, 'top'],
        });
      }),
    );
    expect(subjects.parseRequest('banyan.sys.health')).toEqual({ verb: 'sys', tokens: ['health'] });
  });

  test.each([
    'banyan.submit.a',
    'banyan.submit.a.b.c',
    'banyan.ask.a.b',
    'x.submit.a.b',
    'banyan.toString.a.b',
    '',
  ])('refuses %j', (subject) => {
    expect(() => subjects.parseRequest(subject)).toThrow(
      expect.objectContaining({ code: 'request.subject' }),
    );
  });
});
