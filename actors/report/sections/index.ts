/** The sections of a report, in their order: the result first, then where it came from and what was left out. */
import type { Section } from '../document.ts';
import type { Report } from '../report-data.ts';
import { collected } from './collected.ts';
import { published } from './dataset.ts';
import { inShort } from './in-short.ts';
import { patternsFound } from './patterns.ts';
import { refused } from './refused.ts';
import { topArtifacts } from './top-artifacts.ts';
import { trust } from './trust.ts';
import { waiting } from './waiting.ts';

export function sectionsOf(report: Report): Section[] {
  return [
    inShort(report),
    collected(report),
    ...topArtifacts(report),
    patternsFound(report),
    ...trust(report),
    refused(report),
    waiting(report),
    published(report),
  ];
}
