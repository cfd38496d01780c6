//! A remote whose kind is not known: what a thread is handed to serve.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::{Claimed, Folder, NoteName, Noted, Prefix, Remote, StateName, Tip, Unwritten};
use crate::store::StoreError;
use crate::store::lock::Holder;

/// A future of something that borrows what it was called with.
type Later<'a, T> = LocalBoxFuture<'a, T>;

/// Interfaces, and which states have or have had each.
type Holders = Vec<(String, Vec<StateName>)>;

/// [`Remote`] with boxed futures. Every remote is one; see there for what each method means.
#[expect(missing_docs, reason = "each is the method of the same name of `Remote`")]
pub trait AnyRemote: Send {
    fn label(&self) -> String;
    fn tip(&mut self) -> Later<'_, Result<Tip, StoreError>>;
    fn read(&mut self) -> Later<'_, Result<Prefix, StoreError>>;
    fn claim<'a>(
        &'a mut self,
        seen: &'a Tip,
        holder: &'a Holder,
        ttl: Duration,
    ) -> Later<'a, Result<Option<Claimed>, StoreError>>;
    fn append<'a>(&'a mut self, position: u64, batch: &'a [u8]) -> Later<'a, Result<(), Unwritten>>;
    fn beat(&mut self) -> Later<'_, Result<(), Unwritten>>;
    fn keep<'a>(&'a mut self, serial: u64, state: &'a [u8]) -> Later<'a, Result<(), Unwritten>>;
    fn restart<'a>(&'a mut self, position: u64, journal: &'a [u8]) -> Later<'a, Result<(), Unwritten>>;
    fn release(&mut self) -> Later<'_, Result<(), StoreError>>;
    fn free<'a>(&'a mut self, id: &'a str) -> Later<'a, Result<Holder, StoreError>>;
    fn note<'a>(&'a mut self, name: &'a NoteName, bytes: &'a [u8]) -> Later<'a, Result<Noted, StoreError>>;
    fn replace<'a>(&'a mut self, name: &'a NoteName, bytes: &'a [u8]) -> Later<'a, Result<(), StoreError>>;
    fn noted<'a>(&'a mut self, name: &'a NoteName) -> Later<'a, Result<Option<Vec<u8>>, StoreError>>;
    fn names(&mut self, folder: Folder) -> Later<'_, Result<Vec<NoteName>, StoreError>>;
    fn states(&mut self) -> Later<'_, Result<Vec<StateName>, StoreError>>;
    fn read_all<'a>(
        &'a mut self,
        names: &'a [StateName],
    ) -> Later<'a, Result<Vec<Result<Prefix, StoreError>>, StoreError>>;
    fn beside(&self, name: &StateName) -> Result<Box<dyn AnyRemote>, StoreError>;
    fn own<'a>(
        &'a mut self,
        told: (&'a NoteName, &'a [u8]),
        keys: &'a [String],
    ) -> Later<'a, Result<Holders, StoreError>>;
    fn holders<'a>(&'a mut self, keys: &'a [String]) -> Later<'a, Result<Holders, StoreError>>;
    fn note_all<'a>(&'a mut self, notes: &'a [(NoteName, Vec<u8>)]) -> Later<'a, Result<(), StoreError>>;
}

impl<R: Remote> AnyRemote for R {
    fn label(&self) -> String {
        Remote::label(self)
    }

    fn tip(&mut self) -> Later<'_, Result<Tip, StoreError>> {
        Box::pin(Remote::tip(self))
    }

    fn read(&mut self) -> Later<'_, Result<Prefix, StoreError>> {
        Box::pin(Remote::read(self))
    }

    fn claim<'a>(
        &'a mut self,
        seen: &'a Tip,
        holder: &'a Holder,
        ttl: Duration,
    ) -> Later<'a, Result<Option<Claimed>, StoreError>> {
        Box::pin(Remote::claim(self, seen, holder, ttl))
    }

    fn append<'a>(&'a mut self, position: u64, batch: &'a [u8]) -> Later<'a, Result<(), Unwritten>> {
        Box::pin(Remote::append(self, position, batch))
    }

    fn beat(&mut self) -> Later<'_, Result<(), Unwritten>> {
        Box::pin(Remote::beat(self))
    }

    fn keep<'a>(&'a mut self, serial: u64, state: &'a [u8]) -> Later<'a, Result<(), Unwritten>> {
        Box::pin(Remote::keep(self, serial, state))
    }

    fn restart<'a>(&'a mut self, position: u64, journal: &'a [u8]) -> Later<'a, Result<(), Unwritten>> {
        Box::pin(Remote::restart(self, position, journal))
    }

    fn release(&mut self) -> Later<'_, Result<(), StoreError>> {
        Box::pin(Remote::release(self))
    }

    fn free<'a>(&'a mut self, id: &'a str) -> Later<'a, Result<Holder, StoreError>> {
        Box::pin(Remote::free(self, id))
    }

    fn note<'a>(&'a mut self, name: &'a NoteName, bytes: &'a [u8]) -> Later<'a, Result<Noted, StoreError>> {
        Box::pin(Remote::note(self, name, bytes))
    }

    fn replace<'a>(&'a mut self, name: &'a NoteName, bytes: &'a [u8]) -> Later<'a, Result<(), StoreError>> {
        Box::pin(Remote::replace(self, name, bytes))
    }

    fn noted<'a>(&'a mut self, name: &'a NoteName) -> Later<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(Remote::noted(self, name))
    }

    fn names(&mut self, folder: Folder) -> Later<'_, Result<Vec<NoteName>, StoreError>> {
        Box::pin(Remote::names(self, folder))
    }

    fn states(&mut self) -> Later<'_, Result<Vec<StateName>, StoreError>> {
        Box::pin(Remote::states(self))
    }

    fn read_all<'a>(
        &'a mut self,
        names: &'a [StateName],
    ) -> Later<'a, Result<Vec<Result<Prefix, StoreError>>, StoreError>> {
        Box::pin(Remote::read_all(self, names))
    }

    fn beside(&self, name: &StateName) -> Result<Box<dyn AnyRemote>, StoreError> {
        Ok(Box::new(Remote::beside(self, name)?))
    }

    fn own<'a>(
        &'a mut self,
        told: (&'a NoteName, &'a [u8]),
        keys: &'a [String],
    ) -> Later<'a, Result<Holders, StoreError>> {
        Box::pin(Remote::own(self, told, keys))
    }

    fn holders<'a>(&'a mut self, keys: &'a [String]) -> Later<'a, Result<Holders, StoreError>> {
        Box::pin(Remote::holders(self, keys))
    }

    fn note_all<'a>(&'a mut self, notes: &'a [(NoteName, Vec<u8>)]) -> Later<'a, Result<(), StoreError>> {
        Box::pin(Remote::note_all(self, notes))
    }
}
