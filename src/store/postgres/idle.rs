//! The connections on which nothing is asked just now, of every state that a command has open in one server: a few of them, so that
//! a hundred specs of one command do not take all that the server has.
//!
//! A connection is driven where it was made and used by nobody else; what is shared is only how many are kept. Whoever holds a state
//! keeps its connection to itself: beats go out on it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_postgres::Client;

/// How many are kept. A server takes a hundred where nobody says otherwise, for all who use it.
const MOST: usize = 8;

/// Whose a connection is.
pub(super) type Owner = u64;

/// The connections of several owners, longest unused first.
#[derive(Clone, Default)]
pub(super) struct Idle(Arc<Mutex<Kept<Client>>>);

struct Kept<C> {
    owners: Owner,
    connections: VecDeque<(Owner, C)>,
}

impl<C> Default for Kept<C> {
    fn default() -> Self {
        Self { owners: 0, connections: VecDeque::new() }
    }
}

impl Idle {
    /// Returns who nobody was before.
    pub(super) fn owner(&self) -> Owner {
        self.kept().owner()
    }

    /// Returns the connection of an owner, if it is still kept.
    pub(super) fn take(&self, owner: Owner) -> Option<Client> {
        self.kept().take(owner)
    }

    /// Keeps the connection of an owner; the one that was unused for longest is closed where there are too many.
    pub(super) fn keep(&self, owner: Owner, client: Client) {
        self.kept().keep(owner, client);
    }

    fn kept(&self) -> MutexGuard<'_, Kept<Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Kept<C> {
    fn owner(&mut self) -> Owner {
        self.owners += 1;
        self.owners
    }

    fn take(&mut self, owner: Owner) -> Option<C> {
        let place = self.connections.iter().position(|(of, _)| *of == owner)?;
        self.connections.remove(place).map(|(_, connection)| connection)
    }

    fn keep(&mut self, owner: Owner, connection: C) {
        self.take(owner);
        self.connections.push_back((owner, connection));
        if self.connections.len() > MOST {
            self.connections.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_those_that_were_used_last_each_for_its_owner() {
        let mut kept = Kept::default();
        let owners: Vec<Owner> = (0..MOST as u64 + 2).map(|_| kept.owner()).collect();
        owners.iter().for_each(|owner| kept.keep(*owner, owner * 10));
        assert_eq!((kept.take(owners[0]), kept.take(owners[1])), (None, None));
        assert_eq!((kept.take(owners[2]), kept.take(owners[2])), (Some(owners[2] * 10), None));
        assert_eq!(kept.connections.len(), MOST - 1);
    }
}
