//! The gate's neighbours: other processes on this host that call the same account, told of in a file that all of them keep.
//!
//! Each writes how many of its calls are in flight and when the others ended, by the clock of the boot, and takes no slot that is
//! not free beside those of the others. Who waits says so, and the others then keep to their part. Nobody is believed
//! for long: what a process that is gone had in flight has ended, and a sheet that makes no sense is begun anew.
//!
//! Whose account it is the API says, beside the first page: until then the others are looked at, whichever account of this
//! server they call, and nothing is written.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::quota::Quota;
use crate::clock::BootTime;
use crate::resource::{AccountId, AccountName, Provider, Scope};
use crate::store::account::Reach;
use crate::store::gate_file::{GateFile, Unusable};
use crate::uptime::Uptime;

/// The longest that a call is in flight: an older word of one is that of a process that came to a stop.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// For how long somebody waits who said so.
const WAITING_FOR: Duration = Duration::from_secs(1);

/// Into how many parts of a window ends of calls are counted: what a sheet holds does not grow with the quota.
const PARTS: u32 = 50;

/// How many processes one sheet tells of.
const MOST: usize = 64;

/// Where the processes of this host meet.
#[derive(Clone, Debug)]
pub struct Place {
    /// The directory of the account's lock.
    pub directory: PathBuf,
    /// Whose API it is.
    pub provider: Provider,
    /// What the calls really reach.
    pub reach: Reach,
}

/// What all gates of one process share.
#[derive(Debug)]
pub(super) struct Street {
    place: Place,
    known: RefCell<BTreeMap<AccountName, AccountId>>,
    files: RefCell<BTreeMap<AccountId, GateFile>>,
    strangers: RefCell<Option<Vec<GateFile>>>,
}

/// One gate among those of other processes.
#[derive(Debug)]
pub(super) struct Neighbours {
    street: Rc<Street>,
    account: AccountName,
    /// The region and the action.
    gate: String,
    number: u64,
    occupied: Duration,
    part: Duration,
    /// When calls ended, in milliseconds since the boot, and how many.
    ended: RefCell<VecDeque<(u64, usize)>>,
}

/// What the others do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Others {
    /// How many slots they have taken.
    pub(super) taken: usize,
    /// How many of them wait for one.
    pub(super) waiting: usize,
    /// In how long the first of their slots is free again, if that can be told.
    pub(super) frees_in: Option<Duration>,
}

/// What a process says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing new.
    Nothing,
    /// How many of its calls are in flight.
    InFlight(usize),
    /// The same, and that it waits for a slot of the others.
    Waiting(usize),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Sheet {
    boot: String,
    gates: Vec<Told>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told {
    pid: u32,
    number: u64,
    gate: String,
    /// When this was said.
    at: u64,
    in_flight: usize,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    waits: bool,
    ended: Vec<(u64, usize)>,
}

impl Street {
    pub(super) fn new(place: Place) -> Self {
        Self { place, known: RefCell::default(), files: RefCell::default(), strangers: RefCell::default() }
    }

    /// Notes whose account a name leads to.
    pub(super) fn know(&self, account: &AccountName, account_id: &AccountId) {
        self.known.borrow_mut().insert(account.clone(), account_id.clone());
    }
}

impl Neighbours {
    pub(super) fn of(street: &Rc<Street>, scope: &Scope, action: &str, quota: Quota) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            street: Rc::clone(street),
            account: scope.account.clone(),
            gate: format!("{} {action}", scope.region),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            occupied: quota.occupied(),
            part: (quota.window / PARTS).max(Duration::from_millis(10)),
            ended: RefCell::default(),
        }
    }

    /// Looks at what the others do while none of them moves, and says what `decide` makes of it.
    ///
    /// # Errors
    /// Somebody holds the sheet just now. Where there is none that can be used, there are no others.
    pub(super) fn look<T>(&self, decide: impl Fn(Others) -> (Word, T)) -> Result<T, Busy> {
        let Some(now) = BootTime::now().uptime() else { return Ok(decide(Others::default()).1) };
        let street = &self.street;
        let known = street.known.borrow().get(&self.account).cloned();
        let Some(account) = known else { return Ok(decide(self.strangers(&now)).1) };
        let mut files = street.files.borrow_mut();
        let Place { directory, provider, reach } = &street.place;
        let file = match files.entry(account) {
            std::collections::btree_map::Entry::Occupied(there) => Some(there.into_mut()),
            std::collections::btree_map::Entry::Vacant(place) => {
                GateFile::of(directory, *provider, place.key(), reach).map(|file| place.insert(file))
            }
        };
        let Some(file) = file else { return Ok(decide(Others::default()).1) };
        let looked = file.with(|bytes| {
            let mut sheet = Sheet::read(bytes, &now);
            let (word, told) = decide(self.others(&sheet, now.ms));
            (self.put(&mut sheet, word, now.ms), told)
        });
        match looked {
            Ok(told) => Ok(told),
            Err(Unusable::Busy) => Err(Busy),
            Err(Unusable::Closed) => Ok(decide(Others::default()).1),
        }
    }

    /// Notes that a call has ended, of which `counts` says whether it was sent at all.
    pub(super) fn end(&self, in_flight: usize, counts: bool) {
        let Some(now) = BootTime::now().uptime() else { return };
        if counts {
            let part = millis(self.part);
            // At the end of its part: none is told to have ended before it has.
            let at = now.ms.div_ceil(part) * part;
            let mut ended = self.ended.borrow_mut();
            match ended.back_mut() {
                Some((last, count)) if *last == at => *count += 1,
                _ => ended.push_back((at, 1)),
            }
        }
        // Where nobody can be told now, the next word tells it.
        self.look(|_| (Word::InFlight(in_flight), ())).ok();
    }

    /// Counts the accounts of this server together, as long as nobody knows which of them is ours: the busiest.
    fn strangers(&self, now: &Uptime) -> Others {
        let Place { directory, provider, reach } = &self.street.place;
        let mut files = self.street.strangers.borrow_mut();
        let files = files.get_or_insert_with(|| GateFile::all(directory, *provider, reach));
        let others = files
            .iter_mut()
            .filter_map(|file| file.with(|bytes| (None, self.others(&Sheet::read(bytes, now), now.ms))).ok());
        others.max_by_key(|others| others.taken).unwrap_or_default()
    }

    fn others(&self, sheet: &Sheet, now: u64) -> Others {
        let occupied = millis(self.occupied);
        let mut others = Others::default();
        let mut frees_at: Option<u64> = None;
        for told in sheet.gates.iter().filter(|told| told.gate == self.gate && !self.is_own(told)) {
            let is_there = told.is_of_a_process_that_runs();
            let is_fresh = |span: Duration| is_there && now.saturating_sub(told.at) <= millis(span);
            // What a process had in flight that is gone ended when it was told last, or later, and never after that process.
            let in_flight = if is_fresh(LONGEST_CALL) { None } else { Some((told.at, told.in_flight)) };
            others.taken += if in_flight.is_none() { told.in_flight } else { 0 };
            others.waiting += usize::from(told.waits && is_fresh(WAITING_FOR));
            for (at, count) in told.ended.iter().copied().chain(in_flight) {
                // A time that is still to come is that of no clock of this boot.
                let frees = at.min(now + millis(self.part)) + occupied;
                if frees > now && count > 0 {
                    others.taken += count;
                    frees_at = Some(frees_at.map_or(frees, |first| first.min(frees)));
                }
            }
        }
        others.frees_in = frees_at.map(|at| Duration::from_millis(at - now));
        others
    }

    /// Puts what is said of this gate into the sheet, and returns its new text.
    fn put(&self, sheet: &mut Sheet, word: Word, now: u64) -> Option<Vec<u8>> {
        let (in_flight, waits) = match word {
            Word::Nothing => return None,
            Word::InFlight(in_flight) => (in_flight, false),
            Word::Waiting(in_flight) => (in_flight, true),
        };
        let occupied = millis(self.occupied);
        let mut ended = self.ended.borrow_mut();
        while ended.front().is_some_and(|(at, _)| at + occupied <= now) {
            ended.pop_front();
        }
        let counts = |told: &Told| {
            let last = told.ended.last().map_or(0, |(at, _)| *at).max(told.at);
            let is_old = now > last.saturating_add(millis(LONGEST_CALL).max(occupied));
            !self.is_own(told) && !is_old
        };
        sheet.gates.retain(counts);
        sheet.gates.truncate(MOST);
        let ended = ended.iter().copied().collect();
        let (pid, gate) = (std::process::id(), self.gate.clone());
        sheet.gates.push(Told { pid, number: self.number, gate, at: now, in_flight, waits, ended });
        serde_json::to_vec(sheet).ok()
    }

    fn is_own(&self, told: &Told) -> bool {
        told.pid == std::process::id() && told.number == self.number
    }
}

/// Somebody holds the sheet just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Sheet {
    /// Reads what is told of this boot; what is damaged, or of another, tells nothing.
    fn read(bytes: &[u8], now: &Uptime) -> Self {
        let read = serde_json::from_slice(bytes).ok().filter(|sheet: &Self| sheet.boot == now.boot);
        read.unwrap_or_else(|| Self { boot: now.boot.clone(), gates: Vec::new() })
    }
}

impl Told {
    fn is_of_a_process_that_runs(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).exists()
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX / 4)
}
