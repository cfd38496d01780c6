//! Faults below HTTP, which no emulator can make: a relay before it goes away, or is not who it should be.

use std::time::Duration;

use super::cell::{Of, SPEC_ACCOUNT, id};
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;
use crate::harness::relay::{AUTHORITY, Certificate, Face, Relay, Script, Seen, Trouble};

/// One class of faults of the way to the cloud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    pub(crate) name: &'static str,
    face: Face,
    trouble: Trouble,
    says: &'static str,
    /// It may pass, and is then as if it had not been.
    passes: bool,
}

pub(crate) const WIRES: &[Wire] = &[
    Wire {
        name: "N1 connection refused",
        face: Face::Http,
        trouble: Trouble::Refused,
        says: "Connection refused",
        passes: true,
    },
    Wire {
        name: "N2 connect timeout",
        face: Face::Http,
        trouble: Trouble::Unanswered,
        says: "no connection within",
        passes: true,
    },
    Wire {
        name: "N3 certificate expired",
        face: Face::Https,
        trouble: Trouble::Shows(Certificate::Expired),
        says: "expired",
        passes: false,
    },
    Wire {
        name: "N3 of another host",
        face: Face::Https,
        trouble: Trouble::Shows(Certificate::WrongHost),
        says: "not valid for name",
        passes: false,
    },
    Wire {
        name: "N3 unknown authority",
        face: Face::Https,
        trouble: Trouble::Shows(Certificate::SelfSigned),
        says: "UnknownIssuer",
        passes: false,
    },
    Wire {
        name: "N3 old protocol",
        face: Face::Https,
        trouble: Trouble::OldTls,
        says: "peer is incompatible",
        passes: false,
    },
    Wire {
        name: "N3 captive portal",
        face: Face::Https,
        trouble: Trouble::Portal,
        says: "corrupt message",
        passes: false,
    },
    Wire {
        name: "N15 proxy wants a login",
        face: Face::Proxy,
        trouble: Trouble::ProxySays(407),
        says: "proxy authorization required",
        passes: false,
    },
    Wire {
        name: "N15 proxy fails",
        face: Face::Proxy,
        trouble: Trouble::ProxySays(502),
        says: "tunnel error",
        passes: false,
    },
    Wire {
        name: "N15 proxy is gone",
        face: Face::Proxy,
        trouble: Trouble::Refused,
        says: "Connection refused",
        passes: true,
    },
    Wire {
        name: "N18 kept connection dead",
        face: Face::Http,
        trouble: Trouble::DeadConnection,
        says: "",
        passes: true,
    },
];

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireCell {
    pub(crate) wire: Wire,
    pub(crate) of: Of,
    pub(crate) place: usize,
    pub(crate) stays: bool,
}

impl WireCell {
    pub(crate) fn exists(&self) -> bool {
        // What cannot pass is only tried for good, and a connection dies once.
        if self.stays { self.wire.trouble != Trouble::DeadConnection } else { self.wire.passes }
    }

    /// Returns the request after which the struck one is the next.
    fn before_the_struck_one(&self) -> impl Fn(&Seen) -> bool + Send + use<> {
        let (of, previous, id) = (self.of, id(self.place.saturating_sub(1)), id(self.place));
        let is_first = self.place == 0;
        move |seen: &Seen| match of {
            Of::Describe if is_first => seen.action == "GetCallerIdentity",
            Of::Describe => seen.action == "DeactivateRouterInterface" && seen.query.contains(&id),
            // The first call rests on the refresh.
            _ if is_first => seen.action == "DescribeRouterInterfaces",
            // So do the others; each goes out once a read has shown the one before it at its goal.
            _ => {
                seen.action == "DescribeRouterInterfaces"
                    && seen.query.contains(&format!("Filter.1.Value.1={previous}"))
                    && !seen.query.contains(&id)
            }
        }
    }

    /// Runs the cell; `Err` says everything that is not as it must be.
    pub(crate) fn run(&self) -> Result<i32, String> {
        let emulator = Emulator::serve(&format!(
            "regions: [cn-shanghai]\nsettle: {{activate: 20ms, deactivate: 20ms}}\ninterfaces:\n{}",
            (0..3)
                .map(|number| format!("  - {{id: {}, status: {}}}\n", id(number), self.of.before()))
                .collect::<String>()
        ));
        let lasts = (!self.stays).then_some(Duration::from_millis(200));
        let script = Script { after: Some(Box::new(self.before_the_struck_one())), trouble: self.wire.trouble, lasts };
        let relay = Relay::before(emulator.address(), self.wire.face, Some(script));
        let spec: String = (0..3)
            .map(|number| {
                format!("  {}: {{id: {}, status: {}}}\n", ["a", "b", "c"][number], id(number), self.of.goal())
            })
            .collect();
        // Between the refresh and the first call nothing else is asked, so that the place of the struck request is known.
        let spec = format!(
            "version: 1\ncloud: {{provider: alibaba, region: cn-shanghai, account_id: \"{SPEC_ACCOUNT}\"}}\nlimits: {{last_route: ignore}}\ninterfaces:\n{spec}"
        );
        let mut desk = Desk::new(&spec).with_the_usual_key().variable("SSL_CERT_FILE", AUTHORITY);
        let apply = ["apply", "--auto-approve", "--parallelism", "1", "--json-into", "events"];
        // However slow this machine is: one read finds the step before at its goal, and the next request is the call.
        let interval = match self.of {
            Of::Describe => "50ms",
            _ if self.place == 0 => "500ms",
            _ => "200ms",
        };
        let ran = if self.wire.face == Face::Proxy {
            desk = desk.variable("HTTPS_PROXY", &format!("http://net:pr0xy-p4ssword@{}", relay.address()));
            desk.quick_cloud_looking_every(interval, &apply)
        } else {
            desk.quick_looking_every(interval, &relay.url(), &apply)
        };
        let mut wrong = desk.ends_that_differ(&ran, "events");
        if !relay.struck() {
            wrong.push("the fault did not strike".to_owned());
        }
        let expected = match (self.stays, self.of, self.place) {
            (false, ..) => 0,
            (true, _, 0) => 1,
            (true, ..) => 5,
        };
        if ran.code != expected {
            wrong.push(format!("ended with {}, not {expected}", ran.code));
        }
        let text = ran.flat();
        if expected != 0 {
            // While it settles, a read is repeated until its step's time is over, and has nothing to say yet.
            let is_tls = matches!(self.wire.trouble, Trouble::Shows(_) | Trouble::Portal | Trouble::OldTls);
            let is_silent = self.of == Of::Describe && self.place == 2 && !is_tls;
            let address = relay.address().to_string();
            let says = if is_silent { ["", "cn-shanghai", ""] } else { [self.wire.says, "cn-shanghai", &address] };
            for what in says {
                if !text.contains(what) {
                    wrong.push(format!("the output does not say {what:?}"));
                }
            }
        }
        if text.contains("pr0xy") {
            wrong.push("the output shows the proxy's password".to_owned());
        }
        if self.wire.trouble == Trouble::DeadConnection {
            self.check_copies(&relay, &emulator, &mut wrong);
        }
        let again = desk.quick(&emulator.url(), &apply);
        if again.code != 0 {
            wrong.push(format!("the next apply ends with {}:\n{}", again.code, again.text()));
        }
        for number in 0..3 {
            let effects = emulator.mutating_calls();
            let effects = effects.iter().filter(|call| call.interface == Some(id(number)) && call.mutated).count();
            if effects != 1 || emulator.status(&id(number)) != self.of.goal() {
                wrong.push(format!(
                    "{} was changed {effects} times, and is {}",
                    id(number),
                    emulator.status(&id(number))
                ));
            }
        }
        if wrong.is_empty() {
            return Ok(ran.code);
        }
        Err(format!("{}\n{}\n{:#?}", wrong.join("\n"), ran.text(), relay.seen()))
    }

    /// Nothing below the executor has sent the lost request again: it got one copy, and one more after its doubt.
    fn check_copies(&self, relay: &Relay, emulator: &Emulator, wrong: &mut Vec<String>) {
        let arrived = relay.seen().iter().filter(|seen| seen.action == self.of.action()).count();
        let carried_out = emulator.calls().iter().filter(|call| call.action == self.of.action()).count();
        if arrived != carried_out + 1 {
            wrong.push(format!("{arrived} requests arrived, {carried_out} of them were carried out"));
        }
    }
}
