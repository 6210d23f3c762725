/** What must not reach a dataset: secrets, personal data, text that steers a model. */
export { findInjections } from './injection.ts';
export { findPersonalData, maskPersonalData } from './personal-data.ts';
export { findSecrets, type Finding } from './secrets.ts';
