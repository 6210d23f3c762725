/** The nodes of a run: one serves; a second one exists only while it takes over from one that does not answer. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FaultyNode, type Interlude, type NodeSetup } from './faulty-node.ts';
import { comes } from './passing-time.ts';

/** A start that takes longer is stuck; the broker may be away meanwhile, and the machine busy. */
const START_MS = 180_000;
/** Within this a node that lost its partitions finds out: it sends something, or reads the claims. */
const STEP_DOWN_MS = 15_000;
const NAMES = ['n1', 'n2'] as const;

export class Fleet {
  readonly #setup: Omit<NodeSetup, 'name' | 'data' | 'log'>;
  readonly #folder: string;
  readonly #data: string;
  readonly #nodes = new Map<string, FaultyNode>();
  #serving: FaultyNode;
  /** Former owners that found out that they own nothing, and those that did not before they were killed. */
  readonly stepped = { down: 0, not: 0 };

  constructor(folder: string, data: string, setup: Omit<NodeSetup, 'name' | 'data' | 'log'>) {
    this.#folder = folder;
    this.#data = data;
    this.#setup = setup;
    mkdirSync(data, { recursive: true });
    this.#serving = this.#node(NAMES[0]);
  }

  get serving(): FaultyNode {
    return this.#serving;
  }

  /** Ends that no fault of ours caused directly. */
  get collapses(): number {
    return [...this.#nodes.values()].reduce((sum, { collapses }) => sum + collapses, 0);
  }

  async start(): Promise<void> {
    this.#serving.start();
    await this.serves();
  }

  /** Throws when the node does not come back. */
  async serves(): Promise<void> {
    const node = this.#serving;
    if (await comes(START_MS, () => node.serves)) return;
    throw new Error(
      `${node.setup.name} does not start: ${node.logged().trimEnd().split('\n').slice(-3).join(' | ')}`,
    );
  }

  async restart(interlude: Interlude = {}): Promise<void> {
    if (!(await this.#serving.restart(interlude, START_MS))) await this.serves();
  }

  /** The node that serves freezes, another takes over, the frozen one goes on for a while and is killed. */
  async takeOver(frozen: () => Promise<void>): Promise<void> {
    await this.serves();
    const before = this.#serving;
    const said = before.logged().length;
    before.signal('SIGSTOP');
    this.#serving = this.#node(NAMES.find((name) => name !== before.setup.name) ?? NAMES[0]);
    try {
      await this.start();
      await frozen();
    } finally {
      before.signal('SIGCONT');
    }
    const steppedDown = await comes(
      STEP_DOWN_MS,
      () => !before.serves || before.logged().slice(said).includes('Another owner has claimed'),
    );
    this.stepped[steppedDown ? 'down' : 'not']++;
    await before.retire();
  }

  async retire(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.retire()));
  }

  #node(name: string): FaultyNode {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const log = join(this.#folder, `${name}.log`);
    const node = new FaultyNode({ ...this.#setup, name, data: join(this.#data, name), log });
    this.#nodes.set(name, node);
    return node;
  }
}
