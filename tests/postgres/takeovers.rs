//! The real binary on two machines: one is killed or stands still, the other one goes on.

use std::time::Instant;

use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;
use crate::harness::machines::{
    LONGEST, apply, ended, machine as machine_of, one_is_killed, one_stands_still, said, start, until, world,
};

use super::server::Server;

fn machine(url: &str) -> Desk {
    machine_of().variable("RICTL_STATE", url)
}

#[test]
fn what_a_killed_machine_left_another_one_finishes_without_a_second_call() {
    let Some(server) = Server::shared() else { return };
    let url = server.url(&server.database());
    one_is_killed(&machine(&url), &machine(&url));
}

#[test]
fn who_stood_still_past_its_lease_sends_nothing_more_and_says_who_has_taken_over() {
    let Some(server) = Server::shared() else { return };
    let url = server.url(&server.database());
    let (one, other) = (machine(&url), machine(&url));
    let rescued = one_stands_still(&one, &other);
    // What it could not record is kept where it belongs, and nowhere else.
    let rescued = rescued.to_str().unwrap();
    let kept = one.run(&["state", "rescue", rescued]);
    assert_eq!(kept.code, 0, "{}", kept.text());
    let elsewhere = machine(&server.url(&server.database()));
    let kept = elsewhere.run(&["state", "rescue", rescued]);
    assert!(kept.code == 1 && kept.flat().contains("nothing is recorded in"), "{}", kept.text());
    let emulator = Emulator::serve(&world());
    let (code, said) = ended(apply(&elsewhere, &emulator, &["--target", "a00"]), &elsewhere);
    assert_eq!(code, 0, "{said}");
    let kept = elsewhere.run(&["state", "rescue", rescued]);
    assert!(kept.code == 1 && kept.flat().contains("the rescue file is not of"), "{}", kept.text());
}

/// Ends the claim on a state by force, and returns how `state lock` calls it.
fn freed(desk: &Desk) -> String {
    let mut id = None;
    until(desk, || {
        let lock: serde_json::Value = serde_json::from_str(&desk.run(&["state", "lock", "--json"]).out).unwrap();
        id = lock["id"].as_str().map(str::to_owned);
        id.is_some()
    });
    let id = id.unwrap();
    let freed = desk.run(&["force-unlock", &id, "--force"]);
    // Its process lives, on this host.
    let pid = freed.flat().split_once("add --pid ").map(|(_, rest)| rest.split(' ').next().unwrap().to_owned());
    let freed = match &pid {
        Some(pid) => desk.run(&["force-unlock", &id, "--force", "--pid", pid]),
        None => freed,
    };
    assert_eq!(freed.code, 0, "{}", freed.text());
    id
}

#[test]
fn who_lost_the_state_while_the_cloud_was_away_says_so_at_once_and_has_sent_nothing() {
    let Some(server) = Server::shared() else { return };
    let url = server.url(&server.database());
    let (one, other) = (machine(&url), machine(&url));
    // Nobody answers there: whose account it is cannot be found out for a long time.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let waits = ["apply", "--auto-approve", "--endpoint", &endpoint, "--request-timeout", "10m"];
    let begun = Instant::now();
    let child = start(&one, &waits);
    freed(&other);
    let (code, said) = ended(child, &one);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("was taken over by") && said.contains("epoch 2"), "{said}");
    assert!(begun.elapsed() < LONGEST, "it did not wait for the cloud");
}

#[test]
fn who_lost_the_state_with_a_call_on_its_way_says_so_and_does_not_wait_for_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.url(&server.database());
    let (one, other) = (machine(&url), machine(&url));
    let slow = world().replace("deactivate: 50ms", "deactivate: 30m");
    let emulator = Emulator::serve(&slow);
    let endpoint = emulator.url();
    let child = start(
        &one,
        &["apply", "--auto-approve", "--endpoint", &endpoint, "--settle-timeout", "30m", "--target", "a00"],
    );
    until(&one, || !emulator.mutating_calls().is_empty());
    freed(&other);
    until(&one, || said(&one).contains("was taken over by"));
    let (code, said) = ended(child, &one);
    assert_eq!(code, 5, "{said}");
    assert_eq!(emulator.mutating_calls().len(), 1);
}

#[test]
fn a_confirmation_and_the_way_back_on_two_machines_come_to_one_end() {
    let Some(server) = Server::shared() else { return };
    let (mut kept, mut taken_back) = (0, 0);
    for race in 0..6_u64 {
        let (emulator, url) = (Emulator::serve(&world()), server.url(&server.database()));
        let (one, other) = (machine(&url), machine(&url));
        let waits = apply(&one, &emulator, &["--target", "a00", "--confirm-within", "2s"]);
        let begun = Instant::now();
        let run = loop {
            let said = std::fs::read_to_string(one.path().join("output")).unwrap();
            let run = said.split_once("\nRun ").and_then(|(_, rest)| rest.split_once(':'));
            if let Some((run, _)) = run.filter(|(_, rest)| rest.contains("waits confirmation")) {
                break run.to_owned();
            }
            assert!(begun.elapsed() < LONGEST, "{said}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        };
        // Around the deadline, which is two seconds after the call.
        std::thread::sleep(std::time::Duration::from_millis(1700 + 80 * race));
        let confirmed = other.quick(&emulator.url(), &["confirm", &run]);
        let (code, said) = ended(waits, &one);
        let (status, calls) = (emulator.status("ri-00"), emulator.mutating_calls().len());
        match confirmed.code {
            0 => assert_eq!((code, status.as_str(), calls), (0, "Inactive", 1), "{}{said}", confirmed.text()),
            _ => assert_eq!((code, status.as_str(), calls), (5, "Active", 2), "{}{said}", confirmed.text()),
        }
        kept += u32::from(confirmed.code == 0);
        taken_back += u32::from(confirmed.code != 0);
    }
    println!("{kept} kept, {taken_back} taken back");
}
