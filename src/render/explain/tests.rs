use super::*;
use crate::render::samples::{HOSTILE, assert_inert, hostile_plan, live_state, spec, view, written};

fn explained(address: &str, spec: &Spec, plan: &Plan) -> String {
    let (live, address) = (live_state(), Address::from(address));
    let declared = &spec.interfaces[&address];
    let reading = live.readings.get(&address).unwrap_or(&Reading::Unreadable);
    let facts = Explanation {
        spec,
        address: &address,
        declared,
        reading,
        record: None,
        renamed_from: None,
        dead: None,
        plan,
        assumed: None,
        prospect: &Prospect::default(),
    };
    written(|out| text(out, &facts, &Given::default(), view(80)))
}

#[test]
fn stays_inert_whatever_anybody_wrote() {
    for hostile in HOSTILE {
        let (mut spec, plan) = (spec(), hostile_plan(hostile));
        for interface in spec.interfaces.values_mut() {
            interface.reason = Some((*hostile).to_owned());
        }
        for address in spec.interfaces.keys() {
            assert_inert(&explained(address.as_str(), &spec, &plan), hostile);
        }
    }
}
