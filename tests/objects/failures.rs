//! What becomes of a state in a bucket when something fails, kind by kind.

use std::time::Duration;

use jiff::SignedDuration;
use rictl::signature::v4::Dialect;
use rictl::store::StoreError;
use rictl::store::objects::Objects;
use rictl::store::remote::{Fenced, Lapse, Lost, Remote as _, Tip, Unwritten};

use super::DIALECTS;
use super::mock::{Fault, Mock};
use super::races::{LONG, claimed, holder};

const MINUTE: Duration = Duration::from_secs(60);

fn is_write(method: &str) -> bool {
    ["POST", "PUT"].contains(&method)
}

/// Whether a key is of the log.
fn is_log(key: &str) -> bool {
    key.contains("/journal")
}

fn journal_of(prefix: Option<Vec<u8>>) -> String {
    String::from_utf8(prefix.unwrap_or_default()).unwrap()
}

async fn journal(mock: &Mock, name: &str) -> String {
    journal_of(mock.state(name).read().await.unwrap().journal)
}

fn fenced(outcome: Result<(), Unwritten>) -> Fenced {
    match outcome {
        Err(Unwritten::Fenced(fenced)) => *fenced,
        other => panic!("{other:?}"),
    }
}

fn damaged(outcome: Result<impl std::fmt::Debug, StoreError>) -> String {
    match outcome {
        Err(error @ StoreError::Damaged { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The keys of the log, in order.
fn log_keys(mock: &Mock) -> Vec<String> {
    mock.world().objects.keys().filter(|key| is_log(key)).cloned().collect()
}

#[tokio::test]
async fn whoever_dies_before_an_append_leaves_what_was_appended_before() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let mut ann = mock.state("a");
        let tip = ann.tip().await.unwrap();
        ann.claim(&tip, &holder("ann"), MINUTE).await.unwrap().unwrap();
        ann.append(0, b"intent\n").await.unwrap();
        ann.keep(1, b"state one").await.unwrap();
        drop(ann);
        mock.world().offset = SignedDuration::from_secs(91);
        let mut bob = mock.state("a");
        let before = claimed(&mut bob, "bob").await.before.unwrap();
        assert_eq!((before.holder.who.as_str(), before.how), ("ann", Lost::Lapsed));
        let end = before.rights_end.as_secs();
        assert!((-32..=-28).contains(&end), "renewed last 91 s ago, for 60 s: {end}");
        let prefix = bob.read().await.unwrap();
        assert_eq!((journal_of(prefix.journal).as_str(), prefix.state.unwrap()), ("intent\n", b"state one".to_vec()));
        bob.append(7, b"recovered\n").await.unwrap();
        assert_eq!(journal(&mock, "a").await, "intent\nrecovered\n");
    }
}

#[tokio::test]
async fn whoever_claims_and_dies_at_once_keeps_nobody_out() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let mut ann = mock.state("a");
        claimed(&mut ann, "ann").await;
        ann.append(0, b"one\n").await.unwrap();
        ann.release().await.unwrap();
        // The claim stands in the log, and its own object, in OSS, was never begun.
        let mut bob = mock.state("a");
        let tip = bob.tip().await.unwrap();
        let mut writes = 0;
        mock.break_with(move |seen| {
            writes += u32::from(is_write(&seen.method) && is_log(&seen.key));
            (writes > 0 && is_write(&seen.method)).then_some(if writes == 1 { Fault::Lost } else { Fault::Dropped })
        });
        assert!(matches!(bob.claim(&tip, &holder("bob"), MINUTE).await, Err(StoreError::Unreachable { .. })));
        drop(bob);
        mock.mend();
        let mut cid = mock.state("a");
        let held = cid.tip().await.unwrap().held.unwrap();
        assert_eq!((held.holder.who.as_str(), held.ttl), ("bob", MINUTE));
        mock.world().offset = SignedDuration::from_secs(91);
        let taken = claimed(&mut cid, "cid").await;
        assert_eq!((taken.epoch, taken.before.unwrap().holder.who.as_str()), (3, "bob"));
        cid.append(4, b"two\n").await.unwrap();
        assert_eq!(journal(&mock, "a").await, "one\ntwo\n");
        // And by force.
        let id = cid.tip().await.unwrap().held.unwrap().holder.id;
        mock.state("a").free(&id).await.unwrap();
        assert_eq!(fenced(cid.append(8, b"three\n").await).epoch, 4);
        assert_eq!(journal(&mock, "a").await, "one\ntwo\n");
    }
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_found_to_be_won() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let (mut ann, who) = (mock.state("a"), holder("ann"));
        let tip = ann.tip().await.unwrap();
        // Every other write is done, and no answer comes.
        let mut writes = 0;
        mock.break_with(move |seen| {
            writes += u32::from(is_write(&seen.method) && is_log(&seen.key));
            (is_write(&seen.method) && is_log(&seen.key) && writes % 2 == 1).then_some(Fault::Lost)
        });
        let mut claimed = None;
        while claimed.is_none() {
            match ann.claim(&tip, &who, LONG).await {
                Ok(outcome) => claimed = outcome,
                Err(StoreError::Unreachable { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(claimed.unwrap().epoch, 1, "{dialect:?}");
        while ann.append(0, b"one\n").await.is_err() {}
        while ann.append(4, b"two\n").await.is_err() {}
        mock.mend();
        assert_eq!(journal(&mock, "a").await, "one\ntwo\n");
    }
}

#[tokio::test]
async fn what_a_store_refuses_for_a_while_is_not_known_and_then_done_once() {
    for dialect in DIALECTS {
        for (status, code) in [(500, "InternalError"), (503, "SlowDown"), (409, "OperationAborted"), (429, "TooMany")] {
            let mock = Mock::start(dialect);
            let mut state = mock.state("a");
            claimed(&mut state, "ann").await;
            mock.break_with(move |seen| is_write(&seen.method).then_some(Fault::Refused(status, code)));
            for _ in 0..3 {
                let Err(Unwritten::Unknown(error)) = state.append(0, b"one\n").await else { panic!("{code}") };
                let shown = rictl::store::explain(&error);
                assert!(shown.contains(code) && shown.contains(&format!("RequestId MOCK{status}")), "{shown}");
            }
            mock.mend();
            state.append(0, b"one\n").await.unwrap();
            assert_eq!(journal(&mock, "a").await, "one\n");
        }
        let mock = Mock::start(dialect);
        let mut state = mock.state("a");
        claimed(&mut state, "ann").await;
        mock.break_with(|seen| is_write(&seen.method).then_some(Fault::Refused(403, "AccessDenied")));
        let Err(Unwritten::Refused(error)) = state.append(0, b"one\n").await else { panic!("not refused") };
        assert!(error.to_string().contains("AccessDenied"), "{error}");
    }
}

#[tokio::test]
async fn a_holder_that_was_cut_off_learns_that_it_has_lost_and_writes_nothing() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let (mut ann, mut bob) = (mock.state("a"), mock.state("a"));
        let tip = ann.tip().await.unwrap();
        ann.claim(&tip, &holder("ann"), MINUTE).await.unwrap().unwrap();
        ann.append(0, b"one\n").await.unwrap();
        mock.break_with(|_| Some(Fault::Dropped));
        assert!(matches!(ann.append(4, b"two\n").await, Err(Unwritten::Unknown(_))));
        mock.mend();
        mock.world().offset = SignedDuration::from_secs(80);
        assert!(matches!(bob.tip().await.unwrap().held.unwrap().lease, Lapse::Left(_)), "1.5 x 60 s are not over");
        mock.world().offset = SignedDuration::from_secs(92);
        assert_eq!(bob.tip().await.unwrap().held.unwrap().lease, Lapse::Over);
        claimed(&mut bob, "bob").await;
        let told = fenced(ann.append(4, b"two\n").await);
        assert_eq!((told.by.unwrap().who.as_str(), told.epoch), ("bob", 2));
        fenced(ann.beat().await);
        fenced(ann.keep(7, b"late").await);
        assert_eq!(bob.read().await.unwrap().state, None);
        assert_eq!(journal(&mock, "a").await, "one\n");
    }
}

#[tokio::test]
async fn a_reader_sees_one_moment_while_others_write_and_take_over() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let (mut writer, mut reader) = (mock.state("a"), mock.state("a"));
        let write = async {
            let mut length = 0;
            for round in 0..8_u64 {
                claimed(&mut writer, "ann").await;
                for line in 0..4 {
                    let line = format!("{round} {line}\n");
                    writer.append(length, line.as_bytes()).await.unwrap();
                    length += line.len() as u64;
                }
                writer.keep(round + 1, format!("state of {length}").as_bytes()).await.unwrap();
                if round % 2 == 0 {
                    writer.release().await.unwrap();
                } else {
                    let id = writer.tip().await.unwrap().held.unwrap().holder.id;
                    writer.free(&id).await.unwrap();
                }
            }
        };
        let read = async {
            let mut seen = Vec::new();
            for _ in 0..40 {
                seen.push(reader.read().await.unwrap());
                tokio::task::yield_now().await;
            }
            seen
        };
        let ((), seen) = tokio::join!(write, read);
        let all = journal(&mock, "a").await;
        let mut last = 0;
        for prefix in seen {
            let journal = journal_of(prefix.journal);
            assert!(all.starts_with(&journal) && journal.len() >= last, "{journal}");
            last = journal.len();
            if let Some(state) = prefix.state {
                let of: usize = String::from_utf8(state).unwrap().split(' ').next_back().unwrap().parse().unwrap();
                assert!(of <= journal.len(), "the state is ahead of the journal");
            }
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_repaired() {
    // S3: a segment between others, and the newest that is known of.
    let mock = Mock::start(Dialect::Aws);
    let mut state = mock.state("a");
    claimed(&mut state, "ann").await;
    for position in 0..4 {
        state.append(position * 2, b"x\n").await.unwrap();
    }
    let third = log_keys(&mock)[2].clone();
    mock.world().objects.remove(&third);
    let said = damaged(mock.state("a").read().await);
    assert!(said.contains("a/journal/000000000003") && said.contains("it is missing"), "{said}");
    damaged(mock.state("a").tip().await);
    let tip = Tip { epoch: 1, pulse: 5, held: None };
    damaged(mock.state("a").claim(&tip, &holder("bob"), LONG).await);

    // OSS: the object of the epoch.
    let mock = Mock::start(Dialect::Oss);
    let mut state = mock.state("a");
    claimed(&mut state, "ann").await;
    state.append(0, b"x\n").await.unwrap();
    let newest = log_keys(&mock).pop().unwrap();
    mock.world().objects.remove(&newest);
    let said = damaged(mock.state("a").read().await);
    assert!(said.contains("a/journal-000000000001.jsonl") && said.contains("it is missing"), "{said}");

    // Both: all of the log, its head, a state.
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let mut state = mock.state("a");
        claimed(&mut state, "ann").await;
        state.keep(1, b"state one").await.unwrap();
        let kept = mock.world().objects.keys().find(|key| key.contains("/a/state/")).unwrap().clone();
        let bytes = mock.world().objects.remove(&kept).unwrap();
        assert!(damaged(mock.state("a").read().await).contains(kept.trim_start_matches("net/")));
        mock.world().objects.insert(kept.clone(), bytes);
        mock.world().objects.get_mut(&kept).unwrap().bytes[0] ^= 1;
        damaged(mock.state("a").read().await);
        mock.world().objects.retain(|key, _| !is_log(key) && !key.ends_with("/head"));
        damaged(mock.state("a").read().await);
    }
}

#[tokio::test]
async fn a_log_that_a_lifecycle_rule_removed_was_at_rest_or_is_damaged() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let expire_but = |kept: &str| {
            let mut world = mock.world();
            world.objects.retain(|key, _| !is_log(key) || key == kept);
            for object in world.objects.values_mut() {
                object.age(SignedDuration::from_hours(31 * 24));
            }
        };
        let mut state = mock.state("a");
        claimed(&mut state, "ann").await;
        state.append(0, b"base\n").await.unwrap();
        state.keep(3, b"state three").await.unwrap();
        state.release().await.unwrap();
        let keys = log_keys(&mock);
        mock.world().objects.retain(|key, _| !is_log(key));
        damaged(mock.state("a").read().await);
        expire_but("");
        let prefix = mock.state("a").read().await.unwrap();
        assert_eq!((journal_of(prefix.journal).as_str(), prefix.state.unwrap()), ("base\n", b"state three".to_vec()));
        let mut bob = mock.state("a");
        let taken = claimed(&mut bob, "bob").await;
        assert_eq!((taken.epoch, taken.before), (2, None));
        bob.append(5, b"more\n").await.unwrap();
        assert_eq!(journal(&mock, "a").await, "base\nmore\n");
        assert!(log_keys(&mock).iter().all(|key| key > &keys[0]), "numbers are not used again");
        // In S3 the rule removes number by number: the last one is enough.
        bob.release().await.unwrap();
        let newest = log_keys(&mock).pop().unwrap();
        expire_but(&newest);
        assert_eq!(journal(&mock, "a").await, "base\nmore\n");
        claimed(&mut bob, "bob").await;
        // Left open, it is not at rest.
        expire_but("");
        damaged(mock.state("a").read().await);
    }
}

#[tokio::test]
async fn a_wall_clock_that_is_wrong_changes_nothing_that_a_lease_depends_on() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let mut ann = mock.state("a");
        let tip = ann.tip().await.unwrap();
        ann.claim(&tip, &holder("ann"), MINUTE).await.unwrap().unwrap();
        let off = |minutes: i64| -> Objects {
            let mut way = mock.way();
            way.clock = rictl::clock::Clock::starting_at(way.clock.now() + SignedDuration::from_mins(minutes));
            way.state(super::name("a")).unwrap()
        };
        for minutes in [-14, 14] {
            let lease = off(minutes).tip().await.unwrap().held.unwrap().lease;
            assert!(matches!(lease, Lapse::Left(left) if left <= MINUTE * 3 / 2), "{lease:?}");
        }
        mock.world().offset = SignedDuration::from_secs(100);
        let before = claimed(&mut off(-12), "bob").await.before.unwrap();
        assert!((-42..=-38).contains(&before.rights_end.as_secs()), "by the store's clock: {:?}", before.rights_end);
    }
}
