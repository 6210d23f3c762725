/** The collectors that Banyan ships. */
import type { Collector } from './collector.ts';
import { directoryCollector } from './directory.ts';
import { fileCollector } from './file.ts';

export const shippedCollectors: readonly Collector[] = [fileCollector, directoryCollector];
