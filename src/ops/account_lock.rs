//! Waiting for the account's lock: before a run as long as the session allows, after a pause as long as it takes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::language::Wording;
use crate::resource::{AccountId, AccountName, Target};
use crate::store::account::{AccountLocks, LockName, Reach, shared_directory};
use crate::store::lock::Holder;
use crate::store::{StoreError, explain};

/// How often a lock that somebody holds is tried again.
const LOCK_INTERVAL: Duration = Duration::from_millis(200);

/// Names the locks of everything that a session may change; none is taken yet.
pub(super) fn locks(
    directory: Option<&Path>,
    target: &Target,
    accounts: &BTreeMap<AccountName, AccountId>,
    reach: &Reach,
    holder: Holder,
) -> AccountLocks {
    let names = LockName::of(target.provider, accounts.values(), reach);
    AccountLocks::new(&directory.map_or_else(shared_directory, Path::to_owned), names, holder)
}

/// Takes the locks, waiting until `deadline` where there is one; `waiting` hears once for whom.
///
/// # Errors
/// [`StoreError::AccountLocked`] once the deadline is over; a lock file that cannot be used.
pub(super) async fn take(
    locks: &AccountLocks,
    deadline: Option<Instant>,
    waiting: &mut dyn FnMut(&Wording),
) -> Result<(), StoreError> {
    let mut told = false;
    loop {
        match locks.try_take() {
            Err(StoreError::AccountLocked { holder, .. }) if deadline.is_none_or(|end| Instant::now() < end) => {
                if !told {
                    waiting(&holder);
                    told = true;
                }
                tokio::time::sleep(LOCK_INTERVAL).await;
            }
            outcome => return outcome,
        }
    }
}

/// Takes again what was freed in a pause, however long somebody else is at work.
///
/// # Errors
/// In words: a lock file that cannot be used.
pub(super) async fn retake(locks: &AccountLocks, waiting: &mut dyn FnMut(&Wording)) -> Result<(), Wording> {
    take(locks, None, waiting).await.map_err(|error| Wording::new(|| explain(&error)))
}
