//! What the machine is told, and what it asks for: the whole border between deciding and doing.
//!
//! Steps are meant by their numbers in the plan. Facts are taken in as they come; what follows from them is begun at
//! [`Input::Woken`], so that what became ready together shares one read and one append.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::sightings::{Answer, ReadNumber};
use crate::clock::BootTime;
use crate::cloud::carried::Carried;
use crate::cloud::{Call, CloudError, Health, Mutation, Page, Receipt};
use crate::journal::Entry;
use crate::language::Wording;
use crate::plan::{HealthEnd, TrafficUnread};
use crate::resource::{Route, Router, RouterInterfaceId, Scope, Status};
use crate::run::Event;
use crate::store::StoreError;

/// Something that has happened.
#[derive(Debug)]
pub(in crate::executor) enum Input {
    /// A step has its place under the quota.
    Permit { step: usize },
    /// A call has left.
    Sent { step: usize },
    /// A call has not left: it was too late for it, or a signal had come. Its place under the quota is still there.
    NotSent { step: usize },
    /// What came back from a call.
    Answered { step: usize, answer: Result<Receipt, CloudError> },
    /// A page of a read that goes on.
    Page { read: ReadNumber, scope: Scope, page: Page },
    /// What a page of a read that goes on showed in two ways.
    Contradicted { read: ReadNumber, scope: Scope, ids: BTreeSet<RouterInterfaceId> },
    /// The end of a read: what it showed, up to where it failed.
    ReadDone { read: ReadNumber, scope: Scope, answer: Answer, outcome: Result<(), CloudError> },
    /// What a health check said, or why it could not be read.
    Health { id: RouterInterfaceId, answer: Result<Health, CloudError> },
    /// What interfaces that were asked for carry, or why that could not be read; `asked` is when it was asked for.
    Traffic {
        ids: BTreeSet<RouterInterfaceId>,
        asked: BootTime,
        answer: Result<BTreeMap<RouterInterfaceId, Carried>, TrafficUnread>,
    },
    /// What the route tables of a router said, asked for then, or why they could not be read.
    Routes { router: Router, asked: BootTime, answer: Result<Vec<Route>, CloudError> },
    /// The batch that was to be appended is durable.
    Appended,
    /// It is not, and nothing will be from here on.
    Unappended(StoreError),
    /// Somebody else has the state: nothing will be durable from here on, whatever is on its way.
    TakenOver(StoreError),
    /// How many signals have come.
    Signal { count: u32 },
    /// After a pause somebody else is at work on the account, and is waited for.
    AccountHeld { by: Wording },
    /// The account is kept from others again, or cannot be.
    SteppedBack(Result<(), Wording>),
    /// What the check command between two waves said.
    Checked(Result<(), String>),
    /// Everything that has happened was told, and time has passed. Told again until nothing comes of it.
    Woken,
}

/// Something to be done.
#[derive(Debug, PartialEq)]
pub(in crate::executor) enum Effect {
    /// Make these durable, in this order, and answer with [`Input::Appended`] or [`Input::Unappended`]. There is one at
    /// a time.
    Append(Vec<Entry>),
    /// Ask for a place under the quota, after a pause; answered by [`Input::Permit`].
    AskPermit { step: usize, call: Call, after: Duration },
    /// Give the place back, or ask for it no longer.
    FreePermit { step: usize },
    /// Send a call whose intent is durable, unless it is later than `until` or a signal has come that the machine has not
    /// been told of; answered by [`Input::Sent`] and [`Input::Answered`], or by [`Input::NotSent`].
    Send { step: usize, call: Mutation, until: BootTime },
    /// Read some interfaces of a scope, most of them on their way to `goal`; answered by any number of [`Input::Page`]
    /// and one [`Input::ReadDone`].
    Read(ReadOf),
    /// Ask for a health check; answered by [`Input::Health`].
    AskHealth(HealthEnd),
    /// Ask for what interfaces of a scope carry; answered by [`Input::Traffic`].
    AskTraffic { scope: Scope, ids: BTreeSet<RouterInterfaceId> },
    /// Ask for the route tables of a router; answered by [`Input::Routes`].
    AskRoutes(Router),
    /// Go on with no read that is on its way.
    DropReads,
    /// Tell whoever listens.
    Tell(Event),
    /// Let others act on the account.
    StepAside,
    /// Keep others from the account again; answered by [`Input::SteppedBack`].
    StepBack,
    /// Run the check command between two waves; answered by [`Input::Checked`].
    Check { arguments: Vec<String>, timeout: Duration },
    /// Go on with nothing that was asked for between two waves.
    LeaveGate,
    /// The run is over.
    Finish,
}

/// What is to be read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::executor) struct ReadOf {
    pub(in crate::executor) number: ReadNumber,
    pub(in crate::executor) scope: Scope,
    pub(in crate::executor) ids: BTreeSet<RouterInterfaceId>,
    /// Where most of them are on their way to, if to anywhere.
    pub(in crate::executor) goal: Option<Status>,
    /// How many interfaces the scope has, if a page told.
    pub(in crate::executor) total: Option<u32>,
}
