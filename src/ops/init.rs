//! `init`: a first spec from what is live; changes nothing in the cloud.

use std::path::Path;

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;

use crate::alibaba::credentials::Environment;
use crate::clock::Clock;
use crate::cloud::CloudRead;
use crate::cloud::listing;
use crate::resource::{AccountName, Observed, Region, Scope, Target};
use crate::spec::{self, SpecFile};
use crate::store::local::Paths;
use crate::survey::terraform::Imported;
use crate::survey::{Survey, survey};

use super::connection::open_world;
use super::failure::{Exit, Refusal};
use super::project::Project;

/// The variables that name a region, in the order of their weight. Source: the vendor's command line.
const REGION_VARIABLES: [&str; 5] =
    ["ALIBABA_CLOUD_REGION_ID", "ALIBABACLOUD_REGION_ID", "ALICLOUD_REGION_ID", "ALICLOUD_REGION", "REGION_ID"];

/// Makes the project of a spec that does not exist yet: whom to ask, and nothing declared.
///
/// # Errors
/// A region or a profile that no spec can hold.
pub fn blank_project(regions: &[Region], profile: Option<&str>, world: Option<&Path>) -> Result<Project> {
    let mut text = "version: 1\ninterfaces: {}\ncloud:\n".to_owned();
    let provider = if world.is_some() { "emulator" } else { "alibaba" };
    let world = world.map(|world| world.display().to_string());
    let region = regions.first().map(Region::as_str);
    for (key, value) in
        [("provider", Some(provider)), ("region", region), ("profile", profile), ("world", world.as_deref())]
    {
        if let Some(value) = value {
            text.push_str(&format!("  {key}: {}\n", serde_json::Value::from(value)));
        }
    }
    let spec = spec::parse(vec![SpecFile { name: "the command line".to_owned(), bytes: text.into_bytes() }])?;
    Ok(Project { name: String::new(), spec, digest: String::new(), directory: "".into(), paths: Paths::new("", "") })
}

/// Chooses the regions to read: those given, or those of a Terraform state, or the environment's, or all of a world.
///
/// # Errors
/// None of these names one, or a world that cannot be opened.
pub fn regions(
    given: &[Region],
    imported: Option<&Imported>,
    environment: &Environment,
    world: Option<&Path>,
    clock: Clock,
) -> Result<Vec<Region>> {
    let from_environment = REGION_VARIABLES.into_iter().find_map(|name| environment.get(name)).map(Region::from);
    let mut regions: Vec<Region> = given.to_vec();
    if regions.is_empty() {
        regions.extend(imported.into_iter().flat_map(|imported| imported.regions.clone()));
        regions.extend(from_environment.filter(|_| world.is_none()));
    }
    if let (Some(world), true) = (world, regions.is_empty()) {
        let host = open_world(world, clock)?;
        regions.extend(host.world().regions().cloned());
    }
    let mut seen = std::collections::BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    if regions.is_empty() {
        let refusal = Refusal::new(Exit::Error, "which regions to read is not known");
        let hint = "name them: `rictl init --region cn-shanghai --region cn-beijing`, or set ALIBABA_CLOUD_REGION_ID";
        return Err(refusal.hint(hint).into());
    }
    Ok(regions)
}

/// Reads every interface of the regions; of an imported Terraform state, its interfaces alone.
///
/// # Errors
/// A region that cannot be read: a spec without it would look complete.
pub async fn read(
    cloud: &impl CloudRead,
    target: &Target,
    regions: Vec<Region>,
    imported: Option<&Imported>,
    clock: &Clock,
) -> Result<Survey> {
    let reads = regions.iter().map(|region| async move {
        let scope = Scope { account: AccountName::default_account(), region: region.clone() };
        listing::read_all(cloud, &scope).await.with_context(|| format!("cannot read the interfaces of {region}"))
    });
    let listings = try_join_all(reads).await?;
    let is_wanted = |observed: &Observed| imported.is_none_or(|imported| imported.names.contains_key(&observed.id));
    let observed: Vec<Observed> = listings
        .into_iter()
        .flat_map(|listing| listing.interfaces.into_values().map(|row| row.observed))
        .filter(is_wanted)
        .collect();
    let nothing = Imported::default();
    let imported = imported.unwrap_or(&nothing);
    let mut survey = survey(clock.now(), target.clone(), regions, observed, &imported.names);
    let found: std::collections::BTreeSet<_> = survey.entries.values().map(|entry| entry.observed.id.clone()).collect();
    for entry in survey.entries.values_mut() {
        entry.notes.extend(imported.fights.get(&entry.observed.id).into_iter().flatten().cloned());
    }
    let missing = imported.names.iter().filter(|(id, _)| !found.contains(*id));
    survey.notes.extend(missing.map(|(id, name)| {
        format!("{name} ({id}) of the Terraform state is in none of these regions; name its own with --region.")
    }));
    Ok(survey)
}
