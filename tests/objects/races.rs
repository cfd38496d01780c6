//! Many at once: one wins.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use rictl::signature::v4::Dialect;
use rictl::store::StoreError;
use rictl::store::lock::Holder;
use rictl::store::objects::{Objects, Way};
use rictl::store::remote::{Claimed, Remote as _, Tip, Unwritten};

use super::DIALECTS;
use super::mock::{Fault, Mock};

pub(crate) const LONG: Duration = Duration::from_secs(3600);

pub(crate) fn holder(who: &str) -> Holder {
    Holder::this_process(who.to_owned(), "apply".to_owned(), None, Timestamp::now())
}

/// Takes what nobody holds, or whose lease is over.
pub(crate) async fn claimed(state: &mut Objects, who: &str) -> Claimed {
    let tip = state.tip().await.unwrap();
    state.claim(&tip, &holder(who), LONG).await.unwrap().unwrap()
}

/// Lets eight claim what they have all seen; returns the one that has it.
async fn race(way: &Way, name: &str) -> Objects {
    let mut runners: Vec<Objects> = (0..8).map(|_| way.state(super::name(name)).unwrap()).collect();
    let seen: Tip = runners[0].tip().await.unwrap();
    let holder = holder("runner");
    let claims = runners.iter_mut().enumerate().map(|(number, runner)| {
        let holder = Holder { id: format!("runner-{number}"), ..holder.clone() };
        let seen = &seen;
        async move { runner.claim(seen, &holder, LONG).await.unwrap().is_some() }
    });
    let won: Vec<bool> = join_all(claims).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{name}: {won:?}");
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(runners[0].tip().await.unwrap().held.unwrap().holder.id, format!("runner-{winner}"));
    runners.swap_remove(winner)
}

/// Claims a state and gives it back; returns whether its store was found to be fit for that.
pub(crate) async fn can_be_claimed(way: &Way) -> bool {
    let mut state = way.state(super::name("probed")).unwrap();
    let tip = state.tip().await.unwrap();
    match state.claim(&tip, &holder("probe"), LONG).await {
        Ok(claimed) => {
            assert!(claimed.is_some());
            state.release().await.unwrap();
            true
        }
        Err(StoreError::Unsuitable { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Lets eight claim what they have all seen; returns whether exactly one was told that it has it.
pub(crate) async fn is_won_once(way: &Way, name: &str) -> bool {
    let mut runners: Vec<Objects> = (0..8).map(|_| way.state(super::name(name)).unwrap()).collect();
    let seen: Tip = runners[0].tip().await.unwrap();
    let claims = runners.iter_mut().enumerate().map(|(number, runner)| {
        let holder = Holder { id: format!("runner-{number}"), ..holder("runner") };
        let seen = &seen;
        async move { runner.claim(seen, &holder, LONG).await.unwrap().is_some() }
    });
    let won = join_all(claims).await.into_iter().filter(|won| *won).count();
    assert!(won >= 1, "somebody has it");
    won == 1
}

pub(crate) async fn fifty_races(way: &Way) {
    for number in 0_u64..50 {
        let mut winner = race(way, "races/one").await;
        let line = format!("line {number:02}\n");
        winner.append(number * 8, line.as_bytes()).await.unwrap();
        winner.release().await.unwrap();
    }
    let journal = way.state(super::name("races/one")).unwrap().read().await.unwrap().journal.unwrap();
    let expected: String = (0..50).map(|number| format!("line {number:02}\n")).collect();
    assert_eq!(String::from_utf8(journal).unwrap(), expected);
}

#[tokio::test]
async fn of_eight_claims_at_once_one_wins_in_fifty_races() {
    for dialect in DIALECTS {
        fifty_races(&Mock::start(dialect).way()).await;
    }
}

#[tokio::test]
async fn a_store_that_lets_two_win_is_refused_before_it_holds_anything() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        mock.world().careless = true;
        let mut state = mock.state("a");
        let tip = state.tip().await.unwrap();
        let error = state.claim(&tip, &holder("ann"), LONG).await.unwrap_err();
        assert!(matches!(error, StoreError::Unsuitable { .. }), "{error}");
        assert!(error.to_string().contains("of 8 conditional writes at once it let 8 win"), "{error}");
        assert_eq!(state.tip().await.unwrap(), Tip::default());
        // Mended, it is probed again, once; OSS keeps nothing of the probe.
        mock.world().careless = false;
        claimed(&mut state, "ann").await;
        state.release().await.unwrap();
        mock.world().seen.clear();
        claimed(&mut state, "ann").await;
        let world = mock.world();
        assert!(world.seen.iter().all(|seen| !seen.key.contains("/probe/")), "{:?}", world.seen);
        let deleted = world.seen.iter().filter(|seen| seen.method == "DELETE").count();
        assert_eq!(deleted, 0);
    }
}

#[tokio::test]
async fn a_bucket_with_versions_keeps_the_first_claim_and_the_first_note() {
    use rictl::store::remote::{Folder, NoteName, Noted};
    let mock = Mock::start(Dialect::Oss);
    mock.world().versioned = true;
    let way = mock.way();
    race(&way, "a").await;
    let note = NoteName::new(Folder::Words, "run-1.decision").unwrap();
    let mut states: Vec<Objects> = (0..8).map(|_| way.state(super::name("a")).unwrap()).collect();
    let bodies: Vec<String> = (0..8).map(|number| format!("decision {number}")).collect();
    let noted = join_all(states.iter_mut().zip(&bodies).map(|(state, body)| state.note(&note, body.as_bytes()))).await;
    let noted: Vec<Noted> = noted.into_iter().map(Result::unwrap).collect();
    assert_eq!(noted.iter().filter(|noted| **noted == Noted::Yours).count(), 1);
    let stands = states[0].noted(&note).await.unwrap().unwrap();
    assert!(noted.iter().all(|noted| *noted == Noted::Yours || *noted == Noted::Earlier(stands.clone())), "{noted:?}");
    let deleted: Vec<String> =
        mock.world().seen.iter().filter(|seen| seen.method == "DELETE").map(|seen| seen.key.clone()).collect();
    assert!(deleted.iter().all(|key| key.starts_with("net/a/probe/")) && !deleted.is_empty(), "{deleted:?}");
}

#[tokio::test]
async fn of_two_hundred_appends_each_stands_once_where_a_third_of_the_answers_is_lost() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let mut state = mock.state("a");
        claimed(&mut state, "ann").await;
        // 15 % are done and not answered, 15 % neither, and some are refused for a while.
        let mut dice = rictl::dice::Dice::new(20_261_130);
        mock.break_with(move |seen| {
            let is_write = ["POST", "PUT"].contains(&seen.method.as_str());
            match dice.roll(100) {
                0..15 if is_write => Some(Fault::Lost),
                0..30 => Some(Fault::Dropped),
                30..33 => Some(Fault::Refused(503, "SlowDown")),
                33..35 if is_write => Some(Fault::Refused(409, "OperationAborted")),
                _ => None,
            }
        });
        let mut expected = Vec::new();
        for number in 0..200 {
            let line = format!("line {number}\n");
            let position = expected.len() as u64;
            // The same write, at the same position, until it is known; now and then a beat comes between.
            let mut tries = 0;
            loop {
                match state.append(position, line.as_bytes()).await {
                    Ok(()) => break,
                    Err(Unwritten::Unknown(_)) if tries < 100 => tries += 1,
                    Err(other) => panic!("{dialect:?} {number}: {other:?}"),
                }
                if tries % 3 == 2 {
                    assert!(matches!(state.beat().await, Ok(()) | Err(Unwritten::Unknown(_))));
                }
            }
            expected.extend_from_slice(line.as_bytes());
        }
        mock.mend();
        let journal = mock.state("a").read().await.unwrap().journal.unwrap();
        assert_eq!(String::from_utf8(journal).unwrap(), String::from_utf8(expected).unwrap());
    }
}
