//! The real binary on two machines and a bucket: one is killed or stands still, the other one goes on.

use rictl::signature::v4::Dialect;

use super::commands::{bucket, in_bucket};
use super::mock::{BUCKET, Mock};
use super::scheme;
use crate::harness::binary::Desk;
use crate::harness::machines::{machine, one_is_killed, one_stands_still};

fn two_machines(mock: &Mock, dialect: Dialect) -> [Desk; 2] {
    let desk = || in_bucket(machine(), mock, dialect);
    [desk(), desk()].map(|desk| desk.variable("RICTL_STATE", &format!("{}://{BUCKET}/net", scheme(dialect))))
}

fn killed(dialect: Dialect) {
    let mock = bucket(dialect);
    let [one, other] = two_machines(&mock, dialect);
    one_is_killed(&one, &other);
}

fn stands_still(dialect: Dialect) {
    let mock = bucket(dialect);
    let [one, other] = two_machines(&mock, dialect);
    let rescued = one_stands_still(&one, &other);
    let kept = one.run(&["state", "rescue", rescued.to_str().unwrap()]);
    assert_eq!(kept.code, 0, "{}", kept.text());
    let said = kept.flat();
    let (run, _) = said.split_once("a note to run ").and_then(|(_, rest)| rest.split_once(':')).unwrap();
    let shown = one.run(&["show", run]);
    assert!(shown.flat().contains("what it could not record is in "), "{}", shown.text());
}

#[test]
fn what_a_killed_machine_left_in_oss_another_one_finishes_without_a_second_call() {
    killed(Dialect::Oss);
}

#[test]
fn what_a_killed_machine_left_in_s3_another_one_finishes_without_a_second_call() {
    killed(Dialect::Aws);
}

#[test]
fn who_stood_still_past_its_lease_in_oss_sends_nothing_more_and_says_who_has_taken_over() {
    stands_still(Dialect::Oss);
}

#[test]
fn who_stood_still_past_its_lease_in_s3_sends_nothing_more_and_says_who_has_taken_over() {
    stands_still(Dialect::Aws);
}
