//! An entry of `interfaces`.

use std::collections::BTreeMap;

use crate::diagnostic::Place;
use crate::resource::{AccountName, Address, DesiredStatus, Region, RouterInterfaceId, Scope};
use crate::spec::decode::{insert_once, labels};
use crate::spec::fields::{Fields, Path, UNREADABLE};
use crate::spec::findings::Findings;
use crate::spec::keys::{self, Grammar};
use crate::spec::read;
use crate::spec::syntax::Node;
use crate::spec::{HandsOff, Interface, InterfacePlaces, Placed, Planned};

/// Reads an interface.
pub(super) fn decode(path: Path<'_>, place: Place, node: Node<'_>, findings: &mut Findings) -> Interface {
    let mut fields = Fields::of(path, place, node, keys::INTERFACE, findings);
    let mut timeouts = match fields.take("timeouts") {
        Some((key, node)) => Fields::of(path.then(key.name), node.place(), node, keys::TIMEOUTS, findings),
        None => Fields::new(keys::TIMEOUTS),
    };
    let places = InterfacePlaces {
        region: fields.place_of("region"),
        account: fields.place_of("account"),
        reason: fields.place_of("reason"),
        activate_timeout: timeouts.place_of("activate"),
        deactivate_timeout: timeouts.place_of("deactivate"),
    };
    let account = fields.word::<AccountName>(path, "account", findings);
    let region = fields.name_or_misspelt::<Region>(path, "region", place, findings);
    let group = fields.name_or_misspelt(path, "group", place, findings);
    let timeouts_at = path.then("timeouts");
    Interface {
        id: fields
            .name(path, "id", findings)
            .unwrap_or_else(|| Placed { value: RouterInterfaceId::from(UNREADABLE), place }),
        scope: Scope {
            account: account.map_or_else(AccountName::default_account, |account| account.value),
            region: region.map_or_else(|| Region::from(""), |region| region.value),
        },
        status: fields
            .choice(path, "status", status, findings)
            .unwrap_or(Placed { value: DesiredStatus::Active, place }),
        group,
        labels: labels::decode(&mut fields, path, findings),
        depends_on: depends_on(&mut fields, path, findings),
        reason: fields.text(path, "reason", findings),
        protect: fields.boolean(path, "protect", findings).and_then(|protect| protect.value.then_some(protect.place)),
        hands_off: fields.take("hands_off").map(|(key, node)| Box::new(hands_off(path.then(key.name), node, findings))),
        activate_timeout: timeouts.duration(timeouts_at, "activate", findings),
        deactivate_timeout: timeouts.duration(timeouts_at, "deactivate", findings),
        planned: Planned::default(),
        place,
        places,
    }
}

pub(super) fn status(word: &str) -> Option<DesiredStatus> {
    match word {
        "Active" => Some(DesiredStatus::Active),
        "Inactive" => Some(DesiredStatus::Inactive),
        _ => None,
    }
}

fn depends_on(fields: &mut Fields<'_>, path: Path<'_>, findings: &mut Findings) -> Vec<Placed<Address>> {
    let Some((key, node)) = fields.take("depends_on") else { return Vec::new() };
    let path = path.then(key.name);
    let mut addresses = BTreeMap::new();
    for node in read::list(path, node, key, findings).into_iter().flatten() {
        let address = read::word::<Address>(path, node, Grammar::Name, findings);
        let place = address.as_ref().map_or_else(Place::default, |address| address.place);
        insert_once(&mut addresses, address, place, |place| *place, path, findings);
    }
    addresses.into_iter().map(|(value, place)| Placed { value, place }).collect()
}

fn hands_off(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> HandsOff {
    let place = node.place();
    let mut fields = Fields::of(path, place, node, keys::HANDS_OFF, findings);
    HandsOff {
        reason: fields.text(path, "reason", findings).unwrap_or_default(),
        until: fields.date(path, "until", findings),
        place,
    }
}
