//! `--state oss://…` and `s3://…`: what a user sees of a state in a bucket.

use rictl::signature::v4::Dialect;

use super::mock::{BUCKET, KEY, Mock, REGION, SECRET};
use super::{DIALECTS, scheme};
use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;

pub(crate) const WORLD: &str = "regions: [cn-shanghai]
settle: { activate: 50ms, deactivate: 50ms }
interfaces: [{ id: ri-a }, { id: ri-b }]
";

const SPEC: &str = "version: 1
state: { name: network/site-a }
cloud: { provider: emulator, region: cn-shanghai }
interfaces:
  a: { id: ri-a, status: Inactive }
  b: { id: ri-b, status: Active }
";

/// Somebody's checkout, on a machine that has nothing but the spec and keys.
pub(crate) fn machine(mock: &Mock, dialect: Dialect) -> Desk {
    reaching(Desk::new(SPEC), mock, dialect)
}

/// Lets a desk keep its state in a bucket.
pub(crate) fn reaching(desk: Desk, mock: &Mock, dialect: Dialect) -> Desk {
    let desk = desk.with_the_usual_key();
    in_bucket(desk, mock, dialect).variable("RICTL_STATE", &format!("{}://{BUCKET}/net", scheme(dialect)))
}

/// Gives a desk what it takes to reach a bucket.
pub(crate) fn in_bucket(desk: Desk, mock: &Mock, dialect: Dialect) -> Desk {
    let endpoint = format!("http://{}", mock.address);
    match dialect {
        Dialect::Oss => desk.variable("OSS_ENDPOINT", &endpoint).variable("OSS_REGION", REGION),
        Dialect::Aws => desk
            .variable("AWS_ENDPOINT_URL", &endpoint)
            .variable("AWS_REGION", REGION)
            .variable("AWS_ACCESS_KEY_ID", KEY)
            .variable("AWS_SECRET_ACCESS_KEY", SECRET),
    }
}

pub(crate) fn bucket(dialect: Dialect) -> Mock {
    let mock = Mock::start(dialect);
    let usual = (rictl::emulator::DEFAULT_ACCESS_KEY_SECRET.to_owned(), None);
    mock.world().keys.insert(rictl::emulator::DEFAULT_ACCESS_KEY_ID.to_owned(), usual);
    mock
}

pub(crate) fn says(ran: &Ran, code: i32, text: &str) {
    assert_eq!(ran.code, code, "{}", ran.text());
    assert!(ran.flat().contains(text), "{text:?} is not in {}", ran.text());
}

#[test]
fn what_one_machine_applied_another_takes_back_and_no_file_is_left() {
    for dialect in DIALECTS {
        let (mock, emulator) = (bucket(dialect), Emulator::serve(WORLD));
        let (laptop, runner) = (machine(&mock, dialect), machine(&mock, dialect));
        says(&laptop.quick(&emulator.url(), &["plan"]), 0, "1 to change");
        assert!(mock.world().objects.is_empty(), "a plan writes nothing");
        says(&laptop.quick(&emulator.url(), &["apply", "--auto-approve"]), 0, "1 changed");
        says(&runner.run(&["history"]), 0, "apply");
        says(&runner.quick(&emulator.url(), &["drift"]), 0, "");
        says(&runner.quick(&emulator.url(), &["rollback", "last", "--auto-approve"]), 0, "1 changed");
        assert_eq!(emulator.status("ri-a"), "Active");
        says(&laptop.run(&["history"]), 0, "rollback");
        says(&laptop.run(&["state", "lock"]), 0, "Nobody holds");
        for desk in [laptop, runner] {
            assert!(!desk.path().join("state").exists(), "no local file");
        }
        let world = mock.world();
        assert!(
            world.objects.keys().all(|key| key.starts_with("net/network/site-a/") || key.starts_with("net/STORE/"))
        );
        let deleted = world.seen.iter().filter(|seen| seen.method == "DELETE");
        assert!(deleted.clone().all(|seen| seen.key.starts_with("net/network/site-a/probe/")), "{deleted:?}");
    }
}

#[test]
fn a_bucket_that_refuses_says_which_request_it_was_and_nothing_of_the_keys() {
    for dialect in DIALECTS {
        let mock = bucket(dialect);
        let desk = machine(&mock, dialect)
            .variable("AWS_SECRET_ACCESS_KEY", "not-the-secret")
            .variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "not-the-secret");
        let said = desk.run(&["state", "list"]);
        says(&said, 1, "SignatureDoesNotMatch");
        assert!(said.flat().contains("RequestId MOCK403"), "{}", said.text());
        assert!(!said.text().contains("not-the-secret"), "{}", said.text());
    }
}

#[test]
fn where_a_bucket_is_has_to_be_known_and_only_this_machine_speaks_in_the_clear() {
    let mock = bucket(Dialect::Oss);
    let desk = |variable: &str, value: &str| machine(&mock, Dialect::Aws).variable(variable, value);
    says(&desk("AWS_REGION", "").run(&["state", "list"]), 1, "set AWS_REGION");
    says(&desk("AWS_ENDPOINT_URL_S3", "http://10.0.0.1").run(&["state", "list"]), 1, "only this machine may speak");
    let said = desk("AWS_ENDPOINT_URL_S3", "https://host/path").run(&["state", "list"]);
    says(&said, 1, "such as https://s3.eu-central-1.amazonaws.com");
    assert!(!said.text().contains("oss") && said.flat().contains("correct AWS_ENDPOINT_URL_S3"), "{}", said.text());
    says(&desk("AWS_ACCESS_KEY_ID", "").run(&["state", "list"]), 1, "gives keys for S3");
    says(&desk("RICTL_STATE", "s3://Audit/x").run(&["state", "list"]), 1, "is no name of a bucket");
    says(&desk("RICTL_STATE", "gs://audit/x").run(&["state", "list"]), 1, "keeps no states in gs://");
}
