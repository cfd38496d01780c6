//! States in buckets: the client, the port over it, and what becomes of each failure; against a strict mock of both kinds of
//! store, checked with the official clients, and against moto where it can be had.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

pub(crate) mod commands;
mod contract;
mod damage;
mod failures;
pub(crate) mod mock;
mod official;
mod races;
mod takeovers;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rictl::alibaba::{Timeouts, http_client};
use rictl::clock::Clock;
use rictl::signature::v4::Dialect;
use rictl::store::StoreError;
use rictl::store::objects::{KeySource, Keys, KeysLater, Objects, Site, StaticKeys, Way};
use rictl::store::remote::{Folder, NoteName, Noted, Remote as _, StateName, Unwritten};

use self::mock::{BUCKET, KEY, Mock, REGION, SECRET};

pub(crate) fn name(text: &str) -> StateName {
    StateName::parse(text).unwrap()
}

pub(crate) fn keys(id: &str, secret: &str, token: Option<&str>) -> Keys {
    Keys { id: id.to_owned(), secret: secret.into(), token: token.map(Into::into) }
}

fn scheme(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Oss => "oss",
        Dialect::Aws => "s3",
    }
}

/// How the bucket at an address is reached with these keys.
pub(crate) fn way(dialect: Dialect, address: std::net::SocketAddr, keys: impl KeySource + 'static) -> Way {
    let endpoint = format!("http://{address}");
    let address = format!("{}://{BUCKET}/net", scheme(dialect));
    let site = Site::parse(&address, Some(REGION), Some(("OSS_ENDPOINT", &endpoint))).unwrap();
    let http = http_client(Timeouts::within(Duration::from_secs(20)), None, site.is_plain()).unwrap();
    Way { site, http, keys: Arc::new(keys), clock: Clock::starting_at(Timestamp::now()) }
}

impl Mock {
    pub(crate) fn way(&self) -> Way {
        let dialect = if self.is_oss() { Dialect::Oss } else { Dialect::Aws };
        way(dialect, self.address, StaticKeys(keys(KEY, SECRET, None)))
    }

    pub(crate) fn state(&self, text: &str) -> Objects {
        self.way().state(name(text)).unwrap()
    }
}

/// Both kinds of store.
pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::Oss, Dialect::Aws];

/// Keys that end, and are found anew when they are asked for.
#[derive(Debug)]
struct Renewed(Mutex<Vec<bool>>);

impl KeySource for Renewed {
    fn keys(&self, renewed: bool) -> KeysLater<'_> {
        let mut asked = self.0.lock().unwrap();
        asked.push(renewed);
        let is_new = asked.contains(&true);
        Box::pin(
            async move { Ok(if is_new { keys("LTAINEW", "new", Some("token-2")) } else { keys(KEY, SECRET, None) }) },
        )
    }
}

#[tokio::test]
async fn keys_that_expire_in_mid_run_are_found_anew_and_nothing_is_written_twice() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let mut state = way(dialect, mock.address, Renewed(Mutex::default())).state(name("a")).unwrap();
        races::claimed(&mut state, "ann").await;
        state.append(0, b"one\n").await.unwrap();
        {
            let mut world = mock.world();
            world.expired.push(KEY.to_owned());
            world.keys.insert("LTAINEW".to_owned(), ("new".to_owned(), Some("token-2".to_owned())));
        }
        state.append(4, b"two\n").await.unwrap();
        state.append(8, b"three\n").await.unwrap();
        let mut reader = way(dialect, mock.address, StaticKeys(keys("LTAINEW", "new", Some("token-2"))));
        assert_eq!(reader.state(name("a")).unwrap().read().await.unwrap().journal.unwrap(), b"one\ntwo\nthree\n");
        // Nothing can be done with keys that nobody knows; what is said of it has no secret.
        reader.keys = Arc::new(StaticKeys(keys("LTAIWRONG", "very-secret-word", Some("very-secret-token"))));
        let error = reader.state(name("a")).unwrap().tip().await.unwrap_err();
        let shown = format!("{error} {error:?} {:?} {reader:?}", error.hint());
        assert!(shown.contains("InvalidAccessKeyId") && shown.contains("RequestId MOCK403"), "{shown}");
        assert!(!shown.contains("very-secret"), "{shown}");
        assert!(matches!(error, StoreError::Unsuitable { .. }), "{shown}");
    }
}

#[tokio::test]
async fn a_clock_that_is_far_from_the_buckets_is_refused_and_both_are_named() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        let mut state = mock.state("a");
        races::claimed(&mut state, "ann").await;
        mock.world().offset = jiff::SignedDuration::from_mins(16);
        let error = state.tip().await.unwrap_err().to_string();
        assert!(error.contains("this machine's clock shows 2") && error.contains("and that of 127.0.0.1"), "{error}");
        assert!(matches!(state.append(0, b"x").await, Err(Unwritten::Refused(_))), "{dialect:?}");
        mock.world().offset = jiff::SignedDuration::from_mins(-14);
        state.append(0, b"one\n").await.unwrap();
    }
}

#[tokio::test]
async fn a_state_is_not_put_where_another_keeps_its_own_objects() {
    let mock = Mock::start(Dialect::Oss);
    let folders = <Folder as strum::IntoEnumIterator>::iter().map(|folder| format!("a/{}", folder.word()));
    let log = ["a/journal", "a/journal-x", "a/state", "a/b/probe", "a/head/x", "a/runs/b"].map(str::to_owned);
    for bad in log.into_iter().chain(folders) {
        let refused = mock.way().state(name(&bad)).unwrap_err().to_string();
        assert!(refused.contains("where a state keeps its own objects"), "{bad}: {refused}");
    }
    for good in ["journal", "state", "runs", "a/b", "a/run", "a/statement"] {
        assert!(mock.way().state(name(good)).is_ok(), "{good}");
    }
}

#[tokio::test]
async fn pages_of_a_listing_are_followed_to_the_end() {
    for dialect in DIALECTS {
        let mock = Mock::start(dialect);
        mock.world().page = 3;
        let mut state = mock.state("a");
        races::claimed(&mut state, "ann").await;
        for number in 0..10 {
            let note = NoteName::new(Folder::Runs, format!("r{number}"));
            let note = note.unwrap();
            // Nothing is something that stands, too.
            assert_eq!(state.note(&note, b"").await.unwrap(), Noted::Yours);
            assert_eq!(state.note(&note, b"late").await.unwrap(), Noted::Earlier(Vec::new()));
        }
        let names = state.names(Folder::Runs).await.unwrap();
        let names: Vec<&str> = names.iter().map(NoteName::name).collect();
        assert_eq!(names, ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"]);
    }
}
