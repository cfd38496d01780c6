use super::*;
use crate::render::samples::{live_state, spec};

#[test]
fn a_link_between_two_declared_interfaces_is_one_link() {
    let topology = Topology::new(&spec(), &live_state());
    let named: Vec<Vec<(&str, &str, Option<&Status>)>> = topology
        .links
        .iter()
        .map(|((near, far), links)| {
            let sides = links.iter().flat_map(|link| &link.sides);
            let named = sides.map(|side| ("side", side.name(), side.status.as_ref()));
            [("router", near.id.as_str(), None), ("router", far.id.as_str(), None)].into_iter().chain(named).collect()
        })
        .collect();
    assert_eq!(
        named,
        [
            vec![
                ("router", "unknown router", None),
                ("router", "unknown router", None),
                ("side", "not reported", None),
                ("side", "gz-lone", None),
            ],
            vec![
                ("router", "vrt-bj", None),
                ("router", "vrt-sh", None),
                ("side", "bj-peer", Some(&Status::Active)),
                ("side", "sh-primary", Some(&Status::Active)),
                ("side", "ri-elsewhere", Some(&Status::Inactive)),
                ("side", "sh-backup", Some(&Status::Activating)),
            ],
        ]
    );
}
