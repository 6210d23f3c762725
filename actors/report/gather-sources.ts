/** Where things come from: the orchestrator's targets, each and by type. */
import type { Report, SourceState, SourceType } from './report-data.ts';
import type { TolerantAsk } from './tolerant-ask.ts';

/** A location may have 4,096 characters: a page stays well below the limit of a reply. */
const PAGE = 100;
const PAGES = 5;
/** Sources named one by one. */
const NAMED = 25;

interface TargetAnswer {
  readonly id: string;
  readonly target: { readonly type: string; readonly location: string };
  readonly status: string;
  readonly failures: number;
  readonly lastOutcome: string | null;
  readonly lastReason: string | null;
  readonly lastNode: string | null;
  readonly collections: { readonly collected: number; readonly empty: number; readonly failed: number };
}

export async function gatherSources(ask: TolerantAsk): Promise<Pick<Report, 'sources' | 'sourceTypes'>> {
  const targets: TargetAnswer[] = [];
  let more = true;
  for (let page = 0; page < PAGES && more; page++) {
    const after = targets.at(-1)?.id ?? '';
    const found: readonly TargetAnswer[] = [];
    const answer = await ask('orchestrator/main', 'targets', { limit: PAGE, after }, found);
    targets.push(...answer);
    more = answer.length === PAGE;
  }
  return {
    sources: targets.sort(byInterest).slice(0, NAMED).map(sourceOf),
    sourceTypes: { looked: targets.length, more, types: typesOf(targets) },
  };
}

/** What fails is seen first, then what gave most. */
function byInterest(a: TargetAnswer, b: TargetAnswer): number {
  return b.failures - a.failures || b.collections.collected - a.collections.collected;
}

function sourceOf({ target, status, lastOutcome, lastReason, lastNode }: TargetAnswer): SourceState {
  return { type: target.type, location: target.location, status, lastOutcome, lastReason, lastNode };
}

function typesOf(targets: readonly TargetAnswer[]): SourceType[] {
  const groups = Map.groupBy(targets, ({ target }) => target.type);
  const types = [...groups].map(([type, members]) => {
    const sum = (of: (target: TargetAnswer) => number): number =>
      members.reduce((total, target) => total + of(target), 0);
    return {
      type,
      sources: members.length,
      collected: sum(({ collections }) => collections.collected),
      empty: sum(({ collections }) => collections.empty),
      failed: sum(({ collections }) => collections.failed),
      quarantined: sum(({ status }) => (status === 'quarantined' ? 1 : 0)),
    };
  });
  return types.sort((a, b) => b.sources - a.sources || (a.type < b.type ? -1 : 1)).slice(0, NAMED);
}
