/** The release that keeps cents, and cannot read what an unlucky account has kept. */
import { createAccount, RELEASES } from '../../../runtime/account.fixture.ts';

export default createAccount(RELEASES.broken);
