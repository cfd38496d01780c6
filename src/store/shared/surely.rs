//! Writes until it is known what became of them.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::Lease;
use crate::clock::BootTime;
use crate::store::StoreError;
use crate::store::remote::{AnyRemote, NoteName, Noted, Unwritten};

/// A write under the claim.
#[derive(Debug)]
pub(super) enum Write {
    Append { position: u64, batch: Vec<u8> },
    Keep { serial: u64, state: Vec<u8> },
    Restart { position: u64, journal: Vec<u8> },
}

impl Write {
    fn make<'a>(&'a self, remote: &'a mut dyn AnyRemote) -> LocalBoxFuture<'a, Result<(), Unwritten>> {
        match self {
            Self::Append { position, batch } => remote.append(*position, batch),
            Self::Keep { serial, state } => remote.keep(*serial, state),
            Self::Restart { position, journal } => remote.restart(*position, journal),
        }
    }
}

/// How often something is tried whose outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Again and again, with pauses between.
    Pauses,
    /// A few times, at once: nothing passes while nobody waits.
    AtOnce,
}

impl Patience {
    /// How often without pauses.
    const AT_ONCE: u32 = 8;

    /// Waits for the next try; `false` where there is to be none.
    pub(super) async fn again(self, tried: u32, begun: BootTime, longest: Duration) -> bool {
        /// From one failure that passes in no time up to a server that is being restarted.
        const PAUSES: [Duration; 6] = [
            Duration::from_millis(10),
            Duration::from_millis(50),
            Duration::from_millis(100),
            Duration::from_millis(200),
            Duration::from_millis(500),
            Duration::from_secs(1),
        ];
        match self {
            Self::AtOnce => tried < Self::AT_ONCE,
            Self::Pauses if begun.elapsed() > longest => false,
            Self::Pauses => {
                tokio::time::sleep(PAUSES[(tried as usize).min(PAUSES.len()) - 1]).await;
                true
            }
        }
    }
}

/// Makes a write, again at the same position where no answer comes: for as long as the lease and once more as long, in which
/// a server is restarted or fails over. Longer than that nobody would wait for a run that stands still.
pub(super) fn surely(
    remote: &mut dyn AnyRemote,
    write: Write,
    lease: Lease,
    patience: Patience,
) -> LocalBoxFuture<'_, Result<(), StoreError>> {
    Box::pin(async move {
        let label = remote.label();
        if let Some(fenced) = lease.fenced() {
            return Err(StoreError::fenced(&label, &fenced));
        }
        let (begun, longest) = (BootTime::now(), lease.ttl() * 2);
        for tried in 1.. {
            match write.make(remote).await {
                Ok(()) => {
                    // The first try may be the one that was done.
                    lease.renew(begun);
                    return Ok(());
                }
                Err(Unwritten::Fenced(fenced)) => {
                    lease.end((*fenced).clone());
                    return Err(StoreError::fenced(&label, &fenced));
                }
                Err(Unwritten::Refused(error)) => return Err(error),
                Err(Unwritten::Unknown(error)) if !patience.again(tried, begun, longest).await => return Err(error),
                Err(Unwritten::Unknown(_)) => {}
            }
        }
        Err(StoreError::Bug("a write was tried more often than can be counted".to_owned()))
    })
}

/// Sends a beat; one without an answer is sent again when the next is due.
pub(super) async fn beat(remote: &mut dyn AnyRemote, lease: &Lease) -> bool {
    let begun = BootTime::now();
    match remote.beat().await {
        Ok(()) => lease.renew(begun),
        Err(Unwritten::Fenced(fenced)) => lease.end(*fenced),
        Err(Unwritten::Unknown(_) | Unwritten::Refused(_)) => return false,
    }
    true
}

/// How long something that no lease bounds is tried.
const A_WHILE: Duration = Duration::from_secs(10);

/// Keeps a note. Where an answer was lost, our own bytes are ours.
pub(super) async fn note(
    remote: &mut dyn AnyRemote,
    name: &NoteName,
    bytes: &[u8],
    patience: Patience,
) -> Result<Noted, StoreError> {
    let begun = BootTime::now();
    for tried in 1.. {
        match remote.note(name, bytes).await {
            Ok(Noted::Earlier(there)) if tried > 1 && there == bytes => return Ok(Noted::Yours),
            Err(StoreError::Unreachable { .. }) if patience.again(tried, begun, A_WHILE).await => {}
            outcome => return outcome,
        }
    }
    Err(StoreError::Bug("a note was tried more often than can be counted".to_owned()))
}
