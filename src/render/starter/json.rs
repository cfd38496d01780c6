//! The same first spec as JSON, which has no comments: what is only likely and what cannot be declared is not in it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{MAX_CHANGES_PERCENT, Settings, home};
use crate::resource::{DesiredStatus, Provider};
use crate::survey::Survey;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    cloud: Cloud<'a>,
    limits: Limits,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<&'a str, Group>,
    interfaces: BTreeMap<&'a str, Interface<'a>>,
}

#[derive(Serialize)]
struct Cloud<'a> {
    provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
}

#[derive(Serialize)]
struct Limits {
    max_changes_percent: u8,
}

#[derive(Serialize)]
struct Group {
    min_active: usize,
}

#[derive(Serialize)]
struct Interface<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
}

/// Writes the spec.
pub fn write<W: Write + ?Sized>(out: &mut W, survey: &Survey, settings: &Settings) -> io::Result<()> {
    let document = document(survey, settings);
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn document<'a>(survey: &'a Survey, settings: &'a Settings) -> Document<'a> {
    let home = home(survey);
    let certain = survey.groups.iter().filter(|(_, group)| group.is_certain);
    let groups: BTreeMap<&str, Group> =
        certain.map(|(name, group)| (name.as_str(), Group { min_active: group.floor() })).collect();
    let declared = survey.entries.iter().filter_map(|(address, entry)| Some((address, entry, entry.status().ok()?)));
    let interfaces = declared.map(|(address, entry, status): (_, _, DesiredStatus)| {
        let observed = &entry.observed;
        let region = Some(observed.region.as_str()).filter(|_| home != Some(&observed.region));
        let group = entry.group.as_ref().map(|name| name.as_str()).filter(|name| groups.contains_key(name));
        (address.as_str(), Interface { id: observed.id.as_str(), region, status: status.to_string(), group })
    });
    let interfaces = interfaces.collect();
    let is_of_the_cloud = survey.target.provider == Provider::Alibaba;
    let cloud = Cloud {
        provider: survey.target.provider.to_string(),
        region: home.map(|region| region.as_str()),
        profile: settings.profile.as_deref(),
        world: settings.world.as_deref(),
        account_id: is_of_the_cloud.then(|| survey.target.account_id.to_string()),
    };
    Document { version: 1, cloud, limits: Limits { max_changes_percent: MAX_CHANGES_PERCENT }, groups, interfaces }
}
