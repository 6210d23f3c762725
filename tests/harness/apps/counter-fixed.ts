/** The release in which the message `fail` is counted. */
import { createCounting } from './counting.ts';

export default createCounting({ fixed: true });
