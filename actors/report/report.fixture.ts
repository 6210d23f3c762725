/** Reports for tests: one in which everything has happened. */
import type { NodeReport, Pattern, Report } from './report-data.ts';

const at = '2026-03-01T12:00:00.000Z';
const hash = (n: number): string => String(n).repeat(64).slice(0, 64);
const minutesBefore = (minutes: number): string => new Date(Date.parse(at) - minutes * 60_000).toISOString();

export function someNode(node: string, overrides: Partial<NodeReport> = {}): NodeReport {
  const scores = [0.5, 0.53, 0.57, 0.6, 0.56, 0.61, 0.66];
  return {
    node,
    artifacts: 640,
    reputation: 0.66,
    good: 58,
    bad: 4,
    unconfirmed: 0.02,
    effective: 0.66,
    remarks: [],
    changes: [
      {
        at: minutesBefore(3),
        before: 0.61,
        after: 0.66,
        reason: '3 epochs in a row agree: +0.05 confirmed (the last one: 2 good, 0 bad)',
        evidence: ['scenario 41c8e0d2a91b7f05-main accepted', 'corroborated by n2'],
      },
      {
        at: minutesBefore(9),
        before: 0.6,
        after: 0.56,
        reason: '3 epochs in a row agree: -0.04 confirmed (the last one: 0 good, 1 bad)',
        evidence: ['scenario 00aa10d2a91b7f05-main rejected'],
      },
    ],
    course: scores.map((score, index) => ({ at: minutesBefore(40 - index * 6), score })),
    ...overrides,
  };
}

export function somePattern(n: number, overrides: Partial<Pattern> = {}): Pattern {
  return {
    id: `pattern-${n}`,
    terms: [
      { term: 'storage network', weight: 0.91 },
      { term: `failover ${n}`, weight: 0.74 },
      { term: 'timeout', weight: 0.6 },
      { term: 'backup', weight: 0.4 },
    ],
    characteristics: ['reliability', 'data'],
    samples: [
      {
        id: hash(n),
        source: `https://example.org/incidents/${n}`,
        excerpt: 'The database lost its connection.',
      },
    ],
    members: 60 - n * 7,
    confidence: 0.9 - n * 0.08,
    firstSeenAt: minutesBefore(600),
    lastSeenAt: minutesBefore(10),
    ...overrides,
  };
}

/** Its totals agree with each other, as those of a system at rest do. */
export function someReport(overrides: Partial<Report> = {}): Report {
  return {
    format: 'banyan-report',
    formatVersion: 1,
    at,
    collection: 'main',
    totals: {
      collected: 1_284,
      accepted: 1_010,
      duplicates: 142,
      corroborated: 90,
      rejected: 42,
      versions: 12,
      nearDuplicates: 33,
      scenarios: 400,
      examples: 331,
    },
    flow: [
      {
        name: 'Collected',
        count: 1_284,
        losses: [
          { name: 'known: the same content again', count: 142, kind: 'known' },
          { name: 'known: confirmed by another node', count: 90, kind: 'known' },
          { name: 'refused by intake', count: 42, kind: 'refused' },
        ],
      },
      {
        name: 'New artifacts',
        count: 1_010,
        losses: [
          { name: 'feeder: novelty', count: 18, kind: 'refused' },
          { name: 'not chosen for a scenario so far', count: 592, kind: 'waits' },
        ],
      },
      {
        name: 'Scenarios',
        count: 400,
        losses: [
          { name: 'critic: safety', count: 21, kind: 'refused' },
          { name: 'wait for a person', count: 3, kind: 'waits' },
        ],
      },
      {
        name: 'Accepted by the critic',
        count: 376,
        losses: [
          { name: 'curator: quality', count: 25, kind: 'refused' },
          { name: 'wait for the next version', count: 20, kind: 'waits' },
        ],
      },
      { name: 'Examples in the dataset', count: 331, losses: [] },
    ],
    sources: [
      {
        type: 'http',
        location: 'https://example.org/advisories?page=1',
        status: 'waiting',
        lastOutcome: 'failed',
        lastReason: 'timed out after 10 s',
        lastNode: 'collector-2',
      },
      {
        type: 'directory',
        location: '/srv/incidents',
        status: 'waiting',
        lastOutcome: 'collected',
        lastReason: null,
        lastNode: 'n1',
      },
    ],
    sourceTypes: {
      looked: 2,
      more: false,
      types: [
        { type: 'directory', sources: 1, collected: 4, empty: 1, failed: 0, quarantined: 0 },
        { type: 'http', sources: 1, collected: 2, empty: 0, failed: 3, quarantined: 0 },
      ],
    },
    domains: ['incidents', 'advisories', 'storage', 'network', 'payments'].map((domain, index) => ({
      domain,
      artifacts: 400 - index * 80,
    })),
    domainCount: 23,
    top: [
      {
        id: hash(1),
        priority: 0.5712,
        node: 'n1',
        domain: 'advisories',
        contentType: 'text',
        source: 'https://example.org/advisories/2026-0131',
        confidence: 0.95,
        threat: 9.6,
        opportunity: 7.2,
        version: 1,
        reporters: 2,
        acceptedAt: minutesBefore(190),
        feeding: 'fed',
      },
    ],
    patterns: { at: minutesBefore(10), patterns: [0, 1, 2, 3].map((n) => somePattern(n)) },
    nodes: [
      someNode('n1'),
      someNode('collector-2', {
        artifacts: 370,
        reputation: 0.38,
        effective: 0.19,
        remarks: ['flag: burst of votes', 'calibration: claimed 0.92, verified 0.51'],
        course: [0.5, 0.46, 0.42, 0.38].map((score, index) => ({ at: minutesBefore(30 - index * 8), score })),
      }),
    ],
    nodeCount: 2,
    refused: [
      { at: 'intake', reason: 'quota', count: 30 },
      { at: 'intake', reason: 'invalid', count: 12 },
      { at: 'feeder', reason: 'novelty', count: 18 },
      { at: 'critic', reason: 'safety', count: 21 },
      { at: 'curator', reason: 'quality', count: 25 },
    ],
    refusedLately: [
      { at: 'critic, safety', source: 'file:///srv/incidents/77.txt', reasons: ['prompt injection'] },
      { at: 'curator, quality', source: 'artifact 3f2a9c01bb7e', reasons: ['quality 0.41 is below 0.6'] },
    ],
    waiting: { undecided: 0, evidence: 0, candidates: 592, reviews: 3, examples: 20 },
    reviews: [
      {
        id: '41c8e0d2a91b7f05-main',
        at: minutesBefore(20),
        source: 'https://example.org/forum/9',
        domain: 'network',
        confidence: 0.61,
        reasons: ['2 of 5 terms do not occur in the artifact'],
      },
    ],
    notices: ['Only 2 of the 5 nodes that "10 of the last 50" needs: the fairest mix is fed.'],
    dataset: {
      latest: 'v0002',
      lastManifestSha256: hash(2),
      masked: 9,
      versionCount: 2,
      versions: [1, 2].map((version) => ({
        version,
        name: `v000${version}`,
        publishedAt: minutesBefore(60 - version * 20),
        reason: '100 new examples',
        examples: version === 1 ? 200 : 131,
        manifestSha256: hash(version),
        previousManifestSha256: version === 1 ? null : hash(1),
        domainCount: 7,
        domains: [
          { domain: 'incidents', examples: 40 },
          { domain: 'advisories', examples: 31 },
        ],
        gates: [],
        files: [{ name: 'examples.jsonl', sha256: hash(3), bytes: 100, examples: 100 }],
      })),
      sample: {
        examples: 331,
        contentTypes: [
          { name: 'text', count: 290 },
          { name: 'code', count: 41 },
        ],
        domains: [
          { name: 'incidents', count: 88 },
          { name: 'advisories', count: 61 },
        ],
        quality: [0, 0, 0, 0, 0, 0, 12, 80, 191, 48],
        meanQuality: 0.823,
      },
    },
    ...overrides,
  };
}
