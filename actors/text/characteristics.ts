/** What a text is about, in the vocabulary of operations: each characteristic names the words that show it. */
import { wordsOf } from './normalise.ts';

const VOCABULARY: Readonly<Record<string, readonly string[]>> = {
  security: [
    'attack', 'authentication', 'authorization', 'breach', 'certificate', 'credential', 'credentials', 'cve',
    'encryption', 'exploit', 'firewall', 'injection', 'malicious', 'malware', 'password', 'permission', 'phishing',
    'privilege', 'ransomware', 'secret', 'security', 'tls', 'token', 'unauthorized', 'vulnerability', 'vulnerable',
  ],
  performance: [
    'benchmark', 'bottleneck', 'cache', 'cpu', 'fast', 'latency', 'memory', 'optimization', 'optimize', 'overhead',
    'performance', 'profiling', 'slow', 'speed', 'throughput', 'utilization',
  ],
  reliability: [
    'availability', 'backup', 'crash', 'degraded', 'durable', 'error', 'exception', 'failover', 'failure', 'fault',
    'incident', 'outage', 'panic', 'recovery', 'redundancy', 'reliability', 'restart', 'retry', 'rollback', 'timeout',
  ],
  data: [
    'column', 'csv', 'data', 'database', 'dataset', 'index', 'json', 'query', 'record', 'records', 'row', 'rows',
    'schema', 'sql', 'storage', 'table', 'transaction',
  ],
  network: [
    'bandwidth', 'connection', 'dns', 'endpoint', 'gateway', 'http', 'https', 'network', 'packet', 'port', 'proxy',
    'request', 'response', 'router', 'server', 'socket', 'subnet', 'tcp', 'udp',
  ],
  operations: [
    'alert', 'cluster', 'configuration', 'container', 'deploy', 'deployment', 'docker', 'kubernetes', 'log', 'logs',
    'maintenance', 'metrics', 'migration', 'monitoring', 'pipeline', 'release', 'rollout', 'service', 'upgrade',
  ],
  learning: [
    'classifier', 'embedding', 'gradient', 'inference', 'label', 'learning', 'model', 'neural', 'prediction',
    'training', 'transformer',
  ],
  business: [
    'budget', 'contract', 'cost', 'customer', 'customers', 'growth', 'invoice', 'market', 'opportunity', 'price',
    'pricing', 'revenue', 'sales', 'strategy',
  ],
};

const CHARACTERISTIC_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(VOCABULARY).flatMap(([name, words]) => words.map((word) => [word, name] as const)),
);

/** At most this many: the dominant ones. */
const MAX_CHARACTERISTICS = 3;

/** The characteristics with the most words in the text, strongest first; one word alone shows nothing. */
export function characteristicsOf(text: string): string[] {
  const hits = new Map<string, number>();
  for (const word of wordsOf(text)) {
    const name = CHARACTERISTIC_OF.get(word);
    if (name !== undefined) hits.set(name, (hits.get(name) ?? 0) + 1);
  }
  return [...hits]
    .filter(([, count]) => count >= 2)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, MAX_CHARACTERISTICS)
    .map(([name]) => name);
}
