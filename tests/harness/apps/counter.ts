/** The release in which the message `fail` throws. */
import { createCounting } from './counting.ts';

export default createCounting({ fixed: false });
