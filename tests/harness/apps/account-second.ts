/** The release that keeps cents. */
import { createAccount, RELEASES } from '../../../runtime/account.fixture.ts';

export default createAccount(RELEASES.second);
