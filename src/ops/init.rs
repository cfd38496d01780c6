//! `init`: a first spec from what is live; changes nothing in the cloud.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;

use crate::alibaba::credentials::{Environment, region_of_profile};
use crate::clock::Clock;
use crate::cloud::CloudRead;
use crate::cloud::listing;
use crate::cloud::routes::{RoutesRead, reading};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::emulator::Manner;
use crate::overview;
use crate::render::words;
use crate::resource::{AccountName, Observed, Region, Route, Router, RouterInterfaceId, Scope, Target};
use crate::spec::keys::Grammar;
use crate::spec::{self, SpecDigest, SpecFile};
use crate::store::local::Paths;
use crate::store::named::Links;
use crate::survey::terraform::Imported;
use crate::survey::{Survey, survey};

use super::connection::open_world;
use super::failure::{Exit, Refusal};
use super::project::Project;

/// The variables that name a region, in the order of their weight. Source: the vendor's command line and the provider of
/// Terraform.
const REGION_VARIABLES: [&str; 7] = [
    "ALIBABA_CLOUD_REGION_ID",
    "ALIBABA_CLOUD_REGION",
    "ALIBABACLOUD_REGION_ID",
    "ALIBABACLOUD_REGION",
    "ALICLOUD_REGION_ID",
    "ALICLOUD_REGION",
    "REGION_ID",
];

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
    let spec = spec::parse(vec![SpecFile { name: "the command line".to_owned(), bytes: text.into_bytes() }])
        .map_err(|diagnostics| refused(&diagnostics))?;
    Ok(Project {
        name: String::new(),
        spec,
        digest: SpecDigest::default(),
        directory: "".into(),
        place: Paths::new("", "").into(),
    })
}

/// Says what no spec can hold. Its places are in a text that nobody wrote.
fn refused(diagnostics: &Diagnostics) -> Refusal {
    let error = diagnostics.findings.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(error) = error.map(Diagnostic::told) else {
        return Refusal::new(Exit::Error, "bug: an empty spec without an error was refused");
    };
    let refusal = Refusal::new(Exit::Error, format!("no spec can hold this: {}", error.summary));
    error.hint.iter().fold(refusal, |refusal, hint| refusal.hint(hint.clone()))
}

/// Chooses the regions to read: those given; or those of a Terraform state and the environment's, which may be where its
/// own side of a link is; or all of a world. Without any, that of the profile in use.
///
/// # Errors
/// None of these names one, or a world that cannot be opened.
pub fn regions(
    given: &[Region],
    imported: Option<&Imported>,
    (environment, profile): (&Environment, Option<&str>),
    world: Option<&Path>,
    clock: Clock,
) -> Result<Vec<Region>> {
    let in_environment = || {
        REGION_VARIABLES.into_iter().find_map(|name| match environment.get(name) {
            Some(value) => Some(region(value, name)),
            None if environment.is_illegible(name) => {
                let refusal = Refusal::new(Exit::Error, format!("{name} is not UTF-8 text"));
                Some(Err(refusal.hint("set it to a region such as cn-shanghai, or unset it").into()))
            }
            None => None,
        })
    };
    let in_profile = || region_of_profile(environment, profile).map(|value| region(&value, "the profile's region_id"));
    let mut regions: Vec<Region> = given.to_vec();
    if regions.is_empty() {
        for named in imported.into_iter().flat_map(|imported| &imported.regions) {
            regions.push(region(named.as_str(), "a region of the Terraform state")?);
        }
        match world {
            Some(world) => {
                regions =
                    open_world(world, Links::Refused, Manner::Looking, clock)?.world().regions().cloned().collect()
            }
            None => regions.extend(in_environment().or_else(in_profile).transpose()?),
        }
    }
    let mut seen = BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    if regions.is_empty() {
        let refusal = Refusal::new(Exit::Error, "which regions to read is not known");
        let hint = "name them: `rictl init --region cn-shanghai --region cn-beijing`, or set ALIBABA_CLOUD_REGION_ID";
        return Err(refusal.hint(hint).into());
    }
    Ok(regions)
}

/// Takes a region from where it was not typed: `named_by` says where.
fn region(text: &str, named_by: &str) -> Result<Region> {
    if Grammar::Region.holds(text) {
        return Ok(text.into());
    }
    let meant = text.trim_matches(|character: char| character.is_whitespace() || character.is_ascii_punctuation());
    let meant = meant.to_lowercase();
    let refusal = Refusal::new(Exit::Error, format!("{named_by} is `{text}`, and no region is written so"));
    Err(match Grammar::Region.holds(&meant) {
        true => refusal.hint(format!("write {meant} there, or name the regions with --region")),
        false => refusal.hint("a region is written as the API does, such as cn-shanghai; or name it with --region"),
    }
    .into())
}

/// Reads every interface of the regions; of an imported Terraform state, its interfaces alone.
///
/// # Errors
/// A region that cannot be read: a spec without it would look complete.
pub async fn read(
    cloud: &(impl CloudRead + RoutesRead),
    target: &Target,
    regions: Vec<Region>,
    imported: Option<&Imported>,
    clock: &Clock,
) -> Result<Survey> {
    let mut regions = regions;
    let mut observed = list(cloud, &regions).await?;
    if let Some(imported) = imported {
        let further = regions_beyond(imported, &observed, &regions);
        observed.extend(list(cloud, &further).await?);
        regions.extend(further);
    }
    let is_wanted = |observed: &Observed| imported.is_none_or(|imported| imported.names.contains_key(&observed.id));
    observed.retain(is_wanted);
    let nothing = Imported::default();
    let imported = imported.unwrap_or(&nothing);
    let read = regions.iter().map(Region::as_str).collect::<Vec<_>>().join(", ");
    let (routes, unread) = routes(cloud, &observed).await;
    let mut survey = survey(clock.now(), target.clone(), regions, observed, (&imported.names, &routes));
    survey.notes.extend(unread);
    let found: BTreeSet<_> = survey.entries.values().map(|entry| entry.observed.id.clone()).collect();
    survey.notes.extend(imported.warnings());
    let missing = imported.names.iter().filter(|(id, _)| !found.contains(*id));
    survey.notes.extend(missing.map(|(id, name)| {
        format!(
            "{name} ({id}) of the Terraform state is left out: it is in none of the regions that were read ({read}); name its own with --region."
        )
    }));
    survey.notes.extend(imported.remarks());
    Ok(survey)
}

/// Reads the routes of every router that has several interfaces, since only those can stand in for each other; and says that they could
/// not be read.
async fn routes(cloud: &impl RoutesRead, observed: &[Observed]) -> (Vec<Route>, Option<String>) {
    let mut routers: BTreeMap<Router, usize> = BTreeMap::new();
    for interface in observed {
        let scope = Scope { account: AccountName::default_account(), region: interface.region.clone() };
        if let Some(router) = overview::router_of(&scope, interface) {
            *routers.entry(router).or_default() += 1;
        }
    }
    let routers: BTreeSet<Router> =
        routers.into_iter().filter(|(_, interfaces)| *interfaces > 1).map(|(router, _)| router).collect();
    let (mut routes, mut unread) = (Vec::new(), None);
    for read in reading::routes(cloud, &routers).await {
        match read.routes {
            Ok(read) => routes.extend(read),
            Err(error) => drop(unread.get_or_insert_with(|| words::plan::no_routes(error.with_hint().english()))),
        }
    }
    (routes, unread)
}

/// Reads whole regions.
async fn list(cloud: &impl CloudRead, regions: &[Region]) -> Result<Vec<Observed>> {
    let reads = regions.iter().map(|region| async move {
        let scope = Scope { account: AccountName::default_account(), region: region.clone() };
        listing::read_all(cloud, &scope).await.with_context(|| format!("cannot read the interfaces of {region}"))
    });
    let listings = try_join_all(reads).await?;
    Ok(listings.into_iter().flat_map(|listing| listing.interfaces.into_values().map(|row| row.observed)).collect())
}

/// Returns where interfaces of a Terraform state live that were not found: a state knows only the region of the other
/// side, and the other side knows theirs.
fn regions_beyond(imported: &Imported, observed: &[Observed], read: &[Region]) -> Vec<Region> {
    let found: BTreeSet<_> = observed.iter().map(|observed| &observed.id).collect();
    let is_missing = |id: &RouterInterfaceId| imported.names.contains_key(id) && !found.contains(id);
    let further: BTreeSet<Region> = observed
        .iter()
        .filter(|observed| observed.opposite.interface_id.as_ref().is_some_and(is_missing))
        .filter_map(|observed| observed.opposite.region.clone())
        .filter(|region| !read.contains(region))
        .collect();
    further.into_iter().collect()
}
