//! What a Terraform state knows of router interfaces: their ids, names and regions, and which resource would fight.
//!
//! Reads the state's version 4. A provider's region is not in the state, so regions are what each interface says of
//! its opposite side. Source: the provider's documentation and code of its three resources.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::resource::{Region, RouterInterfaceId};

mod document;

pub use document::StateError;
use document::{Instance, Resource};

/// What was found in a Terraform state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The interfaces and what Terraform's configuration calls them.
    pub names: BTreeMap<RouterInterfaceId, String>,
    /// Where they or their opposite sides live.
    pub regions: BTreeSet<Region>,
    /// Interfaces that were replaced and that Terraform means to destroy, and what they are of. They are not in `names`.
    pub deposed: BTreeMap<RouterInterfaceId, String>,
    /// Interfaces that Terraform means to destroy and make anew, and what they are called there. They are in `names`.
    pub tainted: BTreeMap<RouterInterfaceId, String>,
    /// The resources whose id is of no use, and what stands in its place.
    pub without_id: BTreeMap<String, &'static str>,
    /// The resources that activate what they read, by interface.
    pub connections: BTreeMap<RouterInterfaceId, String>,
    /// The resources that may hold a status of their own, by interface.
    pub holders: BTreeMap<RouterInterfaceId, String>,
}

/// How many resources a warning names; the rest is counted.
const MOST_NAMED: usize = 3;

/// Reads a Terraform state.
pub fn read(bytes: &[u8]) -> Result<Imported, StateError> {
    let document = document::read(bytes)?;
    let mut imported = Imported::default();
    for resource in document.resources.iter().flatten().filter(|resource| resource.mode == "managed") {
        for instance in resource.instances.iter().flatten() {
            imported.take(resource, instance);
        }
    }
    // The object that took its place may be known by the same id.
    imported.deposed.retain(|id, _| !imported.names.contains_key(id));
    if !imported.names.is_empty() {
        return Ok(imported);
    }
    let without = imported.without_id.iter().map(|(address, id)| format!("{address} (its id is {id})"));
    let deposed = imported.deposed.values().map(|address| format!("{address} (deposed)"));
    let unusable: Vec<String> = without.chain(deposed).collect();
    Err(if unusable.is_empty() { StateError::Nothing } else { StateError::NoneUsable(named(&unusable)) })
}

impl Imported {
    fn take(&mut self, resource: &Resource, instance: &Instance) {
        let text = |key: &str| instance.text(key);
        let terraform_address = address(resource, instance);
        match resource.kind.as_str() {
            "alicloud_router_interface" | "alicloud_express_connect_router_interface" => {
                let Some(id) = text("id") else {
                    self.without_id.insert(terraform_address, instance.instead_of_text("id"));
                    return;
                };
                let id = RouterInterfaceId::from(id);
                let regions = ["opposite_region", "opposite_region_id", "region_id"];
                self.regions.extend(regions.into_iter().filter_map(text).map(Region::from));
                if instance.deposed.as_ref().is_some_and(|key| !key.is_empty()) {
                    self.deposed.insert(id, terraform_address);
                    return;
                }
                if resource.kind == "alicloud_express_connect_router_interface" {
                    self.holders.insert(id.clone(), terraform_address);
                }
                if instance.status.as_deref() == Some("tainted") {
                    self.tainted.insert(id.clone(), address(resource, instance));
                }
                self.names.insert(id, name(resource, instance));
            }
            "alicloud_router_interface_connection" => {
                if instance.deposed.as_ref().is_some_and(|key| !key.is_empty()) {
                    return;
                }
                let Some(id) = ["interface_id", "id"].into_iter().find_map(text) else {
                    self.without_id.insert(terraform_address, instance.instead_of_text("interface_id"));
                    return;
                };
                let id = RouterInterfaceId::from(id);
                self.connections.insert(id.clone(), terraform_address);
                // The connection alone may be what this state manages.
                self.names.entry(id).or_insert_with(|| name(resource, instance));
            }
            _ => {}
        }
    }

    /// Says what of it is in no spec, or is to go in Terraform's eyes.
    pub fn remarks(&self) -> Vec<String> {
        let without = self.without_id.iter().map(|(address, id)| {
            format!(
                "{address} of the Terraform state is left out: its id is {id}; `terraform refresh` may complete it."
            )
        });
        let deposed = self.deposed.iter().map(|(id, address)| {
            format!("{id} is left out: Terraform has replaced it and means to destroy it (deposed, {address}).")
        });
        let tainted = self.tainted.iter().map(|(id, address)| {
            format!(
                "{id} is declared, and Terraform means to destroy it and make another (tainted); `terraform untaint '{address}'` \
                 lets it stay."
            )
        });
        without.chain(deposed).chain(tainted).collect()
    }

    /// Returns how many of its interfaces are in no spec, whatever is live.
    pub fn left_out(&self) -> usize {
        self.without_id.len() + self.deposed.len()
    }

    /// Says which resources would undo what rictl does, one sentence for each kind.
    pub fn warnings(&self) -> Vec<String> {
        let addresses = |of: &BTreeMap<_, String>| of.values().cloned().collect::<Vec<String>>();
        let (connections, holders) = (addresses(&self.connections), addresses(&self.holders));
        let mut warnings = Vec::new();
        if !connections.is_empty() {
            let (they, them) = if connections.len() == 1 { ("it activates", "it") } else { ("each activates", "them") };
            warnings.push(format!(
                "the Terraform state has {} alicloud_router_interface_connection: {they} an Inactive interface whenever \
                 Terraform reads it, in `terraform plan` too; run `terraform state rm {} before you drain (taking {them} \
                 out of the configuration alone would deactivate what is Active)",
                connections.len(),
                quoted(&connections),
            ));
        }
        if !holders.is_empty() {
            warnings.push(format!(
                "the Terraform state has {} alicloud_express_connect_router_interface ({}): a `status` in Terraform's \
                 configuration would be applied again; leave it out there, and list it in `lifecycle.ignore_changes`",
                holders.len(),
                named(&holders),
            ));
        }
        warnings
    }
}

/// Writes addresses as a shell takes them; where there are many, the first of them.
fn quoted(addresses: &[String]) -> String {
    let first = addresses.iter().take(MOST_NAMED).map(|address| format!("'{address}'")).collect::<Vec<_>>().join(" ");
    let more = addresses.len().saturating_sub(MOST_NAMED);
    if more == 0 {
        format!("{first}`")
    } else {
        format!("{first} ...` with the {more} more that `terraform state list` names,")
    }
}

/// Writes addresses for people; where there are many, the first of them.
fn named(addresses: &[String]) -> String {
    let first = addresses.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = addresses.len().saturating_sub(MOST_NAMED);
    if more == 0 { first } else { format!("{first} and {more} more") }
}

/// Writes an instance's address as Terraform does: `module.a.type.name["key"]`.
fn address(resource: &Resource, instance: &Instance) -> String {
    let module = resource.module.as_ref().map(|module| format!("{module}.")).unwrap_or_default();
    let index = instance.index_key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
    format!("{module}{}.{}{index}", resource.kind, resource.name)
}

fn name(resource: &Resource, instance: &Instance) -> String {
    match &instance.index_key {
        Some(Value::String(key)) => format!("{}-{key}", resource.name),
        Some(key) => format!("{}-{key}", resource.name),
        None => resource.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const STATE: &str = r#"{"version": 4, "terraform_version": "1.9.0", "resources": [
        {"mode": "managed", "type": "alicloud_router_interface", "name": "primary", "instances": [
            {"attributes": {"id": "ri-a", "opposite_region": "cn-beijing", "role": "InitiatingSide"}}]},
        {"mode": "managed", "module": "module.bj", "type": "alicloud_express_connect_router_interface", "name": "far",
         "instances": [{"index_key": "x", "attributes": {"id": "ri-b", "opposite_region_id": "cn-shanghai"}}]},
        {"mode": "managed", "type": "alicloud_router_interface_connection", "name": "link", "instances": [
            {"index_key": 0, "attributes": {"id": "ri-a", "interface_id": "ri-a", "opposite_interface_id": "ri-b"}}]},
        {"mode": "data", "type": "alicloud_router_interfaces", "name": "all", "instances": [{"attributes": {}}]},
        {"mode": "managed", "type": "alicloud_vpc", "name": "main", "instances": [{"attributes": {"id": "vpc-1"}}]}]}"#;

    #[test]
    fn takes_ids_names_and_regions() {
        let imported = read(STATE.as_bytes()).unwrap();
        let names: Vec<(&str, &str)> = imported.names.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        assert_eq!(names, [("ri-a", "primary"), ("ri-b", "far-x")]);
        let regions: Vec<&str> = imported.regions.iter().map(Region::as_str).collect();
        assert_eq!(regions, ["cn-beijing", "cn-shanghai"]);
    }

    #[test]
    fn says_which_resource_would_fight() {
        let imported = read(STATE.as_bytes()).unwrap();
        let warnings = imported.warnings();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        let remove = "run `terraform state rm 'alicloud_router_interface_connection.link[0]'` before";
        assert!(warnings[0].starts_with("the Terraform state has 1 ") && warnings[0].contains(remove), "{warnings:?}");
        let holder = r#"1 alicloud_express_connect_router_interface (module.bj.alicloud_express_connect_router_interface.far["x"]): "#;
        assert!(warnings[1].contains(holder), "{warnings:?}");
    }

    #[test]
    fn says_it_once_however_many_there_are() {
        let of = |number: usize| (RouterInterfaceId::from(format!("ri-{number:03}")), format!("c.l[{number}]"));
        let imported = Imported { connections: (0..800).map(of).collect(), ..Imported::default() };
        let warnings = imported.warnings();
        assert_eq!(warnings.len(), 1);
        let counted = "run `terraform state rm 'c.l[0]' 'c.l[1]' 'c.l[2]' ...` with the 797 more that `terraform state list` names, before";
        assert!(warnings[0].contains("has 800 ") && warnings[0].contains(counted), "{warnings:?}");
    }

    #[test]
    fn leaves_out_what_terraform_means_to_destroy() {
        let state = STATE.replace(
            r#"{"attributes": {"id": "ri-a", "opp"#,
            r#"{"deposed": "7f2c1d0a", "attributes": {"id": "ri-old"}}, {"attributes": {"id": "ri-a", "opp"#,
        );
        let imported = read(state.as_bytes()).unwrap();
        let ids: Vec<&str> = imported.names.keys().map(RouterInterfaceId::as_str).collect();
        assert_eq!(ids, ["ri-a", "ri-b"]);
        assert_eq!(imported.deposed[&RouterInterfaceId::from("ri-old")], "alicloud_router_interface.primary");
    }

    #[test]
    fn reads_what_editors_shells_and_old_releases_left() {
        let utf16 = |of: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(STATE.encode_utf16()).flat_map(of).collect()
        };
        let bare: Vec<u8> = STATE.trim_start().encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(read(&bare).unwrap(), read(STATE.as_bytes()).unwrap());
        let with_mark = [b"\xEF\xBB\xBF", STATE.as_bytes()].concat();
        for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes), with_mark] {
            assert_eq!(read(&bytes).unwrap(), read(STATE.as_bytes()).unwrap());
        }
        let flat = r#"{"version": 4, "outputs": null, "resources": [
            {"mode": "managed", "type": "alicloud_router_interface", "name": "old", "module": null, "instances": [
                {"index_key": null, "attributes": null, "attributes_flat": {"id": "ri-a", "opposite_region": "cn-x"}},
                {"index_key": 1, "attributes": {"id": "ri-b", "opposite_region": null, "name": null}}]},
            {"mode": "managed", "type": "alicloud_vpc", "name": "none", "instances": null}]}"#;
        let imported = read(flat.as_bytes()).unwrap();
        let names: Vec<&str> = imported.names.values().map(String::as_str).collect();
        assert_eq!(names, ["old", "old-1"]);
        assert_eq!(imported.regions.first().map(Region::as_str), Some("cn-x"));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let error = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            error(r#"{"version": 3, "terraform_version": "0.11.14", "modules": []}"#),
            "it is a Terraform state of version 3, written by 0.11.14, and version 4 can be read"
        );
        for (text, what) in [
            ("", "empty"),
            ("PK\u{3}\u{4}", "saved plan"),
            ("[]", "no Terraform state"),
            ("{\"version\": 4, \"resour", "whole JSON"),
            (r#"{"encrypted_data": "eA=="}"#, "encrypted"),
            (r#"{"version": 3, "deployment": {}}"#, "Pulumi"),
            (r#"{"format_version": "1.0", "values": {}}"#, "show -json"),
            (r#"{"version": 3, "backend": {"type": "oss"}}"#, "backend"),
            (r#"{"format_version": "1.0", "lineage": "x", "interfaces": {}}"#, "rictl's own"),
        ] {
            assert!(error(text).contains(what), "{text}: {}", error(text));
        }
        let newer = read(br#"{"version": 5, "terraform_version": "2.0.0"}"#).unwrap_err();
        assert!(newer.hint().starts_with("this rictl is older"), "{}", newer.hint());
        assert_eq!(error(r#"{"version": 4, "resources": []}"#), "it holds no router interface");
        assert_eq!(error("resource {}"), "it is not a Terraform state");
    }
}
