/** Dataset versions outside of the actors: what they are made of, exporting and verifying them. */
export { exportDataset, type ExportResult } from './export.ts';
export type { PublishedVersion } from './manifest.ts';
export { verifyDataset } from './verify.ts';
