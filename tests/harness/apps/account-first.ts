/** The release whose state the later ones migrate. */
import { createAccount, RELEASES } from '../../../runtime/account.fixture.ts';

export default createAccount(RELEASES.first);
