/** The collectors that Banyan ships. */
import type { NodeSettings } from '../../settings.ts';
import type { Collector } from './collector.ts';
import { directoryCollector } from './directory.ts';
import { fileCollector } from './file.ts';
import { httpCollector } from './http/http.ts';
import { logCollector } from './log/log.ts';
import { subjectCollector } from './subject/subject.ts';

export const shippedCollectors = (settings: NodeSettings): readonly Collector[] => [
  fileCollector,
  directoryCollector,
  httpCollector(settings.http),
  logCollector(settings.log),
  subjectCollector(settings.subject),
];
