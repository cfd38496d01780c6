//! One contract, every store that many machines share; and a medium over each keeps the one of all media.

use std::time::Duration;

use jiff::SignedDuration;
use rictl::history::{close_runs, open};
use rictl::store::memory::Commons;
use rictl::store::memory::commons::Trouble;
use rictl::store::remote::{Claimed, Fenced, Folder, Lapse, Lost, NoteName, Noted, Remote, StateName, Tip, Unwritten};
use rictl::store::shared::{Shared, Terms};
use rictl::store::{Medium as _, Recorder, Store as _, StoreError};

use super::arrange::{drain, new_state};
use super::contract::{self, Bench};
use super::local::holder;

/// Somewhere that remotes of one store can be had, as often as one likes.
pub(crate) trait Place {
    type Remote: Remote;
    fn remote(&self, name: &StateName) -> Self::Remote;
    /// Lets time pass at the store: a lease of a millisecond is over when this returns, on every kind of store.
    fn pass(&self) {}
}

impl Place for Commons {
    type Remote = rictl::store::memory::commons::Visitor;
    fn remote(&self, name: &StateName) -> Self::Remote {
        self.visitor(name.clone())
    }
    fn pass(&self) {
        self.advance(Duration::from_secs(1));
    }
}

pub(crate) const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(1);

pub(crate) fn state_name(text: &str) -> StateName {
    StateName::parse(text).unwrap()
}

/// Takes what nobody holds, or whose lease is over.
pub(crate) async fn taken(remote: &mut impl Remote, who: &str, ttl: Duration) -> Claimed {
    let tip = remote.tip().await.unwrap();
    remote.claim(&tip, &holder(who), ttl).await.unwrap().unwrap()
}

fn note(folder: Folder, name: &str) -> NoteName {
    NoteName::new(folder, name).unwrap()
}

/// What every remote has to keep. Each case uses states of its own, so that all can run on one store.
pub(crate) async fn keeps_the_contract(place: &impl Place, prefix: &str) {
    one_of_two_who_saw_the_same_wins(place, &state_name(&format!("{prefix}/claims"))).await;
    appends_where_the_journal_ends(place, &state_name(&format!("{prefix}/appends"))).await;
    whoever_lost_the_state_writes_no_more(place, &state_name(&format!("{prefix}/fences"))).await;
    a_lease_that_is_over_is_taken_and_told(place, &state_name(&format!("{prefix}/leases"))).await;
    whoever_took_over_is_named_with_the_moment(place, &state_name(&format!("{prefix}/takeovers"))).await;
    the_first_note_stands(place, &state_name(&format!("{prefix}/notes"))).await;
    reads_one_moment(place, &state_name(&format!("{prefix}/reads"))).await;
    an_interface_is_of_the_state_that_said_so_first(place, prefix).await;
}

async fn one_of_two_who_saw_the_same_wins(place: &impl Place, name: &StateName) {
    let (mut a, mut b) = (place.remote(name), place.remote(name));
    assert_eq!(a.tip().await.unwrap(), Tip::default(), "{name}: nobody was ever there");
    let seen = (a.tip().await.unwrap(), b.tip().await.unwrap());
    let first = a.claim(&seen.0, &holder("ann"), LONG).await.unwrap().unwrap();
    assert_eq!(first, Claimed { epoch: 1, before: None });
    assert_eq!(b.claim(&seen.1, &holder("bob"), LONG).await.unwrap(), None);
    let held = b.tip().await.unwrap().held.unwrap();
    assert_eq!((held.holder.who.as_str(), held.ttl), ("ann", LONG));
    assert!(held.lease != Lapse::Over, "{:?}", held.lease);
    // Given back, it is free, and nobody has to wait for anybody.
    a.release().await.unwrap();
    assert_eq!(b.tip().await.unwrap().held, None);
    assert_eq!(taken(&mut b, "bob", LONG).await, Claimed { epoch: 2, before: None });
    // The answer to a claim that was won is found again.
    let who = holder("cid");
    let mut c = place.remote(name);
    b.release().await.unwrap();
    let tip = c.tip().await.unwrap();
    let won = c.claim(&tip, &who, LONG).await.unwrap().unwrap();
    let mut c = place.remote(name);
    let tip = c.tip().await.unwrap();
    assert_eq!(c.claim(&tip, &who, LONG).await.unwrap().unwrap().epoch, won.epoch);
    c.append(0, b"x").await.unwrap();
    assert!(c.states().await.unwrap().contains(name));
}

async fn an_interface_is_of_the_state_that_said_so_first(place: &impl Place, prefix: &str) {
    let (one, other) = (state_name(&format!("{prefix}/ids-a")), state_name(&format!("{prefix}/ids-b")));
    let (mut a, mut b) = (place.remote(&one), place.remote(&other));
    let key = |name: &str| format!("{}{name}", prefix.replace('/', "-"));
    let keys = |names: &[&str]| names.iter().map(|name| key(name)).collect::<Vec<_>>();
    assert_eq!(state_of(&mut a, &other).await, None, "nobody was ever there");
    let told = note(Folder::About, "ids");
    let of = |name: &str, who: &[&StateName]| (key(name), who.iter().map(|who| (*who).clone()).collect::<Vec<_>>());
    assert_eq!(a.holders(&keys(&["x", "y"])).await.unwrap(), []);
    assert_eq!(a.own((&told, b"x y"), &keys(&["x", "y"])).await.unwrap(), []);
    assert_eq!(a.noted(&told).await.unwrap().as_deref(), Some(b"x y".as_slice()));
    assert_eq!(a.own((&told, b"x y again"), &keys(&["x", "y"])).await.unwrap(), [], "said again it is no other's");
    assert_eq!(a.noted(&told).await.unwrap().as_deref(), Some(b"x y again".as_slice()));
    assert_eq!(b.own((&told, b"y z"), &keys(&["y", "z"])).await.unwrap(), [of("y", &[&one])]);
    assert_eq!(a.own((&told, b"z"), &keys(&["z"])).await.unwrap(), [of("z", &[&other])]);
    assert_eq!(a.own((&told, b"x y"), &keys(&["x", "y"])).await.unwrap(), [of("y", &[&other])]);
    assert_eq!(b.own((&told, b"y"), &keys(&["y"])).await.unwrap(), [of("y", &[&one])], "nor is it forgotten");
    let both = [&one, &other];
    let held = [of("x", &[&one]), of("y", &both), of("z", &both)];
    assert_eq!(b.holders(&keys(&["x", "y", "z", "w"])).await.unwrap(), held, "each is told once");
    of_two_that_say_so_at_once_each_is_kept(place, prefix, &key("v")).await;
    taken(&mut b, "bob", LONG).await;
    b.keep(1, b"the state").await.unwrap();
    let mut beside = a.beside(&other).unwrap();
    assert_eq!(beside.read().await.unwrap().state.as_deref(), Some(b"the state".as_slice()));
    assert_eq!(state_of(&mut a, &other).await.as_deref(), Some(b"the state".as_slice()));
    let absent = state_name(&format!("{prefix}/ids-c"));
    let read = a.read_all(&[absent, other.clone()]).await.unwrap();
    let states: Vec<_> = read.into_iter().map(|prefix| prefix.unwrap().state).collect();
    assert_eq!(states, [None, Some(b"the state".to_vec())], "in the order that was asked for");
    let (moved, here) = (note(Folder::About, "moved"), Some(b"the state".as_slice()));
    b.replace(&moved, br#"{"to":"file:x.json","address":"file:x.json","at":"2026-12-01T00:00:00Z"}"#).await.unwrap();
    assert_eq!(state_of(&mut a, &other).await, None, "what was moved is elsewhere");
    b.replace(&moved, br#"{"back":"2026-12-01T01:00:00Z"}"#).await.unwrap();
    assert_eq!(state_of(&mut a, &other).await.as_deref(), here, "and may come back");
}

/// Nobody's word is lost to another's that comes at the same moment.
async fn of_two_that_say_so_at_once_each_is_kept(place: &impl Place, prefix: &str, key: &str) {
    let names: Vec<StateName> = (0..4).map(|number| state_name(&format!("{prefix}/ids-at-once-{number}"))).collect();
    let (told, key) = (note(Folder::About, "ids"), [key.to_owned()]);
    let say = names.iter().map(|name| {
        let (mut remote, told, key) = (place.remote(name), &told, &key);
        async move { remote.own((told, b"v"), key).await.unwrap() }
    });
    let heard = futures_util::future::join_all(say).await;
    assert_eq!(place.remote(&names[0]).holders(&key).await.unwrap(), [(key[0].clone(), names.clone())]);
    assert!(heard.iter().filter(|others| others.is_empty()).count() < 2, "of two at least one hears of the other");
}

async fn state_of(remote: &mut impl Remote, name: &StateName) -> Option<Vec<u8>> {
    remote.read_all(std::slice::from_ref(name)).await.unwrap().remove(0).unwrap().state
}

async fn appends_where_the_journal_ends(place: &impl Place, name: &StateName) {
    let mut a = place.remote(name);
    taken(&mut a, "ann", LONG).await;
    let before = a.tip().await.unwrap().pulse;
    a.append(0, b"one\n").await.unwrap();
    a.append(4, b"two\n").await.unwrap();
    // As after a lost answer: it stands already.
    a.append(4, b"two\n").await.unwrap();
    assert!(matches!(a.append(4, b"too\n").await, Err(Unwritten::Refused(_))), "{name}");
    assert!(matches!(a.append(9, b"far\n").await, Err(Unwritten::Refused(_))), "{name}");
    let mut b = place.remote(name);
    let prefix = b.read().await.unwrap();
    assert_eq!((prefix.journal.as_deref(), prefix.state), (Some(b"one\ntwo\n".as_slice()), None));
    assert!(prefix.tip.pulse != before);
    let before = a.tip().await.unwrap().pulse;
    a.beat().await.unwrap();
    assert!(a.tip().await.unwrap().pulse != before, "whoever watches sees a beat");
    a.append(8, b"").await.unwrap();
    a.append(8, b"three\n").await.unwrap();
    assert_eq!(b.read().await.unwrap().journal.unwrap(), b"one\ntwo\nthree\n");
    // From here on anew.
    a.restart(14, b"new\n").await.unwrap();
    a.restart(14, b"new\n").await.unwrap();
    a.append(4, b"and on\n").await.unwrap();
    assert_eq!(b.read().await.unwrap().journal.unwrap(), b"new\nand on\n");
    assert!(matches!(a.restart(4, b"other\n").await, Err(Unwritten::Refused(_))), "{name}");
    // Another process goes on where it ended.
    a.release().await.unwrap();
    taken(&mut b, "bob", LONG).await;
    b.append(11, b"bob\n").await.unwrap();
    assert_eq!(a.read().await.unwrap().journal.unwrap(), b"new\nand on\nbob\n");
}

async fn whoever_lost_the_state_writes_no_more(place: &impl Place, name: &StateName) {
    let (mut a, mut b) = (place.remote(name), place.remote(name));
    taken(&mut a, "ann", LONG).await;
    a.append(0, b"one\n").await.unwrap();
    a.keep(1, b"state").await.unwrap();
    let id = a.tip().await.unwrap().held.unwrap().holder.id;
    assert!(matches!(b.free("other").await, Err(StoreError::Locked { id: is, .. }) if is == id), "{name}");
    assert_eq!(b.free(&id).await.unwrap().who, "ann");
    assert!(matches!(b.free(&id).await, Err(StoreError::NotLocked { .. })), "{name}");
    let fenced = |outcome: Result<(), Unwritten>| match outcome {
        Err(Unwritten::Fenced(fenced)) => fenced,
        other => panic!("{name}: {other:?}"),
    };
    let told = fenced(a.append(4, b"two\n").await);
    assert_eq!((told.by, told.epoch), (None, 2));
    let taken = taken(&mut b, "bob", LONG).await;
    let before = taken.before.unwrap();
    assert_eq!((before.holder.who.as_str(), before.how), ("ann", Lost::Forced));
    assert!(before.rights_end.as_secs_f64() > 3000.0, "{name}: it may not know yet: {:?}", before.rights_end);
    let told = fenced(a.append(4, b"two\n").await);
    assert_eq!((told.by.unwrap().who.as_str(), told.epoch), ("bob", taken.epoch));
    fenced(a.append(0, b"one\n").await);
    fenced(a.beat().await);
    fenced(a.keep(2, b"late").await);
    fenced(a.restart(4, b"late").await);
    // Nor does it give back what is another's.
    a.release().await.unwrap();
    assert_eq!(b.tip().await.unwrap().held.unwrap().holder.who, "bob");
    let prefix = b.read().await.unwrap();
    assert_eq!((prefix.journal.unwrap(), prefix.state.unwrap()), (b"one\n".to_vec(), b"state".to_vec()));
}

async fn a_lease_that_is_over_is_taken_and_told(place: &impl Place, name: &StateName) {
    let (mut a, mut b) = (place.remote(name), place.remote(name));
    taken(&mut a, "ann", SHORT).await;
    place.pass();
    // Nobody has taken it: whatever the clock says, it is still hers.
    a.append(0, b"one\n").await.unwrap();
    place.pass();
    while matches!(b.tip().await.unwrap().held.unwrap().lease, Lapse::Left(_)) {
        std::thread::yield_now();
    }
    let seen = b.tip().await.unwrap();
    a.beat().await.unwrap();
    assert_eq!(b.claim(&seen, &holder("bob"), LONG).await.unwrap(), None, "{name}: it lives");
    place.pass();
    let before = taken(&mut b, "bob", LONG).await.before.unwrap();
    assert_eq!((before.holder.who.as_str(), before.how), ("ann", Lost::Lapsed));
    assert!(before.rights_end.as_secs_f64() <= 1.0, "{name}: {:?}", before.rights_end);
    assert!(matches!(a.append(4, b"two\n").await, Err(Unwritten::Fenced(_))), "{name}");
    // A short claim in between does not hide her.
    b.release().await.unwrap();
    let before = taken(&mut a, "cid", LONG).await.before.unwrap();
    assert_eq!((before.holder.who.as_str(), before.how), ("ann", Lost::Lapsed));
}

async fn whoever_took_over_is_named_with_the_moment(place: &impl Place, name: &StateName) {
    let (mut a, mut b) = (place.remote(name), place.remote(name));
    taken(&mut a, "ann", SHORT).await;
    a.append(0, b"one\n").await.unwrap();
    place.pass();
    while matches!(b.tip().await.unwrap().held.unwrap().lease, Lapse::Left(_)) {
        std::thread::yield_now();
    }
    let epoch = taken(&mut b, "bob", LONG).await.epoch;
    let told = told_of(a.beat().await);
    assert_eq!((told.by.as_ref().unwrap().who.as_str(), told.epoch), ("bob", epoch));
    // Whatever is written since, and the end of it, is no takeover.
    place.pass();
    b.append(4, b"two\n").await.unwrap();
    b.keep(1, b"state").await.unwrap();
    assert_eq!(told_of(a.append(4, b"late\n").await), told, "{name}");
    place.pass();
    b.release().await.unwrap();
    assert_eq!(told_of(a.append(4, b"late\n").await), told, "{name}: a takeover that is over is one");
    // One that was ended by force is another: nobody has the state since.
    let mut c = place.remote(name);
    taken(&mut c, "cid", LONG).await;
    let id = c.tip().await.unwrap().held.unwrap().holder.id;
    b.free(&id).await.unwrap();
    let freed = told_of(a.beat().await);
    assert_eq!((freed.by.as_ref(), freed.epoch), (None, epoch + 2), "{name}");
    // A bucket tells its time in whole seconds.
    assert!(freed.since + SignedDuration::from_secs(2) >= told.since, "{name}: {freed:?} {told:?}");
}

fn told_of(outcome: Result<(), Unwritten>) -> Fenced {
    match outcome {
        Err(Unwritten::Fenced(fenced)) => *fenced,
        other => panic!("{other:?}"),
    }
}

async fn the_first_note_stands(place: &impl Place, name: &StateName) {
    let (mut a, mut b) = (place.remote(name), place.remote(name));
    taken(&mut a, "ann", LONG).await;
    // Whoever notes needs no claim.
    let decision = note(Folder::Words, "run-1.decision");
    assert_eq!(b.noted(&decision).await.unwrap(), None);
    assert_eq!(b.note(&decision, b"kept").await.unwrap(), Noted::Yours);
    assert_eq!(a.note(&decision, b"taken back").await.unwrap(), Noted::Earlier(b"kept".to_vec()));
    assert_eq!(a.noted(&decision).await.unwrap().unwrap(), b"kept");
    let finding = note(Folder::Findings, "last");
    a.replace(&finding, b"one").await.unwrap();
    b.replace(&finding, b"two").await.unwrap();
    assert_eq!(a.noted(&finding).await.unwrap().unwrap(), b"two");
    let many: Vec<_> =
        (0..30).map(|number| (note(Folder::Runs, &format!("run-{number:02}")), vec![0xff, 0, number])).collect();
    a.note(&many[3].0, b"first").await.unwrap();
    a.note_all(&many).await.unwrap();
    assert_eq!(b.noted(&many[3].0).await.unwrap().unwrap(), b"first");
    assert_eq!(b.noted(&many[4].0).await.unwrap().unwrap(), [0xff, 0, 4]);
    let names: Vec<_> = many.into_iter().map(|(name, _)| name).collect();
    assert_eq!(b.names(Folder::Runs).await.unwrap(), names);
    assert_eq!(b.names(Folder::Approvals).await.unwrap(), []);
}

async fn reads_one_moment(place: &impl Place, name: &StateName) {
    let (mut a, mut b) = (place.remote(name), place.remote(name));
    let prefix = b.read().await.unwrap();
    assert_eq!((prefix.journal, prefix.state, prefix.tip), (None, None, Tip::default()));
    taken(&mut a, "ann", LONG).await;
    a.append(0, b"one\n").await.unwrap();
    let large = vec![b'x'; 3_000_000];
    a.keep(1, &large).await.unwrap();
    a.keep(1, &large).await.unwrap();
    a.restart(4, b"two\n").await.unwrap();
    let prefix = b.read().await.unwrap();
    assert_eq!((prefix.journal.unwrap(), prefix.state.unwrap().len()), (b"two\n".to_vec(), large.len()));
    a.keep(2, b"").await.unwrap();
    assert_eq!(b.read().await.unwrap().state, None, "{name}: taken away");
}

/// A medium over a remote, for the contract of all media.
pub(crate) struct Over<P> {
    pub(crate) place: P,
    pub(crate) name: StateName,
    /// On a thread of its own, or on the spot.
    pub(crate) on_a_thread: bool,
}

pub(crate) fn terms() -> Terms {
    Terms { ttl: LONG, rescue: Vec::new() }
}

impl<P: Place> Bench for Over<P> {
    type Medium = Shared;
    fn medium(&self) -> Shared {
        let remote = self.place.remote(&self.name);
        match self.on_a_thread {
            true => Shared::on_a_thread(remote, terms()).unwrap(),
            false => Shared::on_the_spot(remote, terms()),
        }
    }
    fn close(&mut self, store: Recorder<Shared>) {
        drop(store);
    }
}

/// Runs the contract of all media on a kind of remote.
pub(crate) async fn is_a_medium<P: Place + Clone>(place: &P, prefix: &str, on_a_thread: bool) {
    let bench =
        |case: &str| Over { place: place.clone(), name: state_name(&format!("{prefix}/of-{case}")), on_a_thread };
    contract::keeps_the_contract(bench("contract"));
    contract::keeps_a_run_and_its_way_back_apart(bench("back"));
    contract::knows_who_used_a_digest(bench("digest"));
    contract::an_ended_run_is_kept_once_as_it_was_first(bench("runs"));
    contract::appends_without_blocking(bench("appends")).await;
}

#[tokio::test]
async fn memory_that_is_shared_keeps_the_contract_of_remotes() {
    keeps_the_contract(&Commons::new(), "remote").await;
}

#[tokio::test]
async fn memory_that_is_shared_is_a_medium_here_and_on_a_thread() {
    is_a_medium(&Commons::new(), "here", false).await;
    is_a_medium(&Commons::new(), "thread", true).await;
}

/// Every answer may be lost, and every request: each line is there once, and the state is what was committed.
#[test]
fn a_lost_answer_repeats_and_loses_nothing() {
    for nth in 0..40 {
        for trouble in [Trouble::Lost, Trouble::AnswerLost] {
            let commons = Commons::new();
            let name = state_name("lossy");
            let visitor = commons.visitor(name.clone()).with_trouble(nth, trouble);
            let (mut state, entries) = (new_state(), drain(1, 0, "sh-primary"));
            let opened = open(Shared::on_the_spot(visitor, terms()), &holder("a"));
            // A read that fails is told, and whoever runs it again gets on.
            let Ok((mut store, _)) = opened else { continue };
            for entry in &entries {
                store.append(std::slice::from_ref(entry)).unwrap();
            }
            if close_runs(&mut store, &mut state, &[]).is_err() {
                continue;
            }
            drop(store);
            // A release that was lost leaves a lease that runs out.
            commons.advance(LONG * 2);
            let (store, recorded) = open(Shared::on_the_spot(commons.visitor(name), terms()), &holder("b")).unwrap();
            assert_eq!(recorded.state, Some(state), "{trouble:?} at {nth}");
            assert_eq!(store.run_ids().unwrap().len(), 1);
        }
    }
}

#[test]
fn a_medium_waits_for_a_lease_and_says_whose_it_was() {
    let commons = Commons::new();
    let shared = || Shared::on_the_spot(commons.visitor(state_name("site")), terms());
    let (mut a, mut b) = (shared(), shared());
    assert_eq!(a.claim(&holder("ann")).unwrap(), None);
    assert!(
        matches!(b.claim(&holder("bob")), Err(StoreError::Locked { holder, .. }) if holder.english().starts_with("ann on "))
    );
    a.append(0, b"one\n").unwrap();
    let lease = a.lease().unwrap();
    assert_eq!((lease.epoch(), lease.before().is_some()), (1, false));
    assert!(lease.left() > Duration::from_secs(3000) && lease.left() <= LONG);
    commons.advance(LONG + Duration::from_secs(60));
    let note = b.claim(&holder("bob")).unwrap().unwrap();
    assert!(note.english().starts_with("took over from a process whose lease is over: ann on "), "{note}");
    assert_eq!(b.lease().unwrap().before().unwrap().holder.who, "ann");
    // From now on nothing of hers is written, and whoever asks the lease knows.
    let fenced = a.append(4, b"two\n").unwrap_err();
    assert!(matches!(&fenced, StoreError::Fenced { by, epoch: 2, .. } if by.starts_with("bob on ")), "{fenced}");
    assert_eq!((lease.left(), lease.fenced().unwrap().epoch), (Duration::ZERO, 2));
    assert!(matches!(a.keep_state(1, b"late"), Err(StoreError::Fenced { .. })));
    drop(a);
    assert_eq!(b.running().unwrap().unwrap().who, "bob");
    drop(b);
    assert_eq!(shared().running().unwrap(), None);
}

#[test]
fn a_store_that_refuses_is_not_asked_again() {
    let commons = Commons::new();
    let visitor = commons.visitor(state_name("site")).with_trouble(2, Trouble::Refused);
    let mut medium = Shared::on_the_spot(visitor, terms());
    medium.claim(&holder("ann")).unwrap();
    assert!(matches!(medium.append(0, b"one\n"), Err(StoreError::Unreachable { .. })));
    assert_eq!(medium.journal().unwrap(), None);
}
