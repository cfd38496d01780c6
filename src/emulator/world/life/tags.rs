//! Tags: given, taken and listed, by the calls of Express Connect, which are not those of the VPC's other resources.

use std::collections::BTreeSet;

use super::{Act, Deal};
use crate::emulator::answer::{Answer, TagRow, TagRows};
use crate::emulator::interface::Interface;
use crate::emulator::paging::Mark;
use crate::emulator::refusal::Refusal;
use crate::emulator::seed::InterfaceSeed;
use crate::emulator::world::World;
use crate::resource::Status;

/// How many resources, tags of a request and tags of a resource there are at most.
const MOST: usize = 20;
const LONGEST: usize = 128;
const DEFAULT_RESULTS: usize = 20;
const MAX_RESULTS: usize = 100;

impl World {
    pub(super) fn tag(&self, act: &Act<'_>) -> Deal {
        let resources = self.resources(act)?;
        let tags = numbered_pairs(act, "Tag")?;
        if tags.is_empty() {
            return Err(missing("TagKey"));
        }
        let changed = resources.into_iter().map(|interface| {
            let mut seed = interface.to_seed();
            seed.tags.extend(tags.iter().cloned());
            if seed.tags.len() > MOST {
                let text = "A resource has at most 20 tags.";
                return Err(Refusal::bad("QuotaExceeded.TagNum", text));
            }
            Ok(act.became(&interface.facts.id, seed))
        });
        Ok((Answer::Accepted, changed.collect::<Result<_, _>>()?))
    }

    pub(super) fn untag(&self, act: &Act<'_>) -> Deal {
        let resources = self.resources(act)?;
        let keys = numbered(act, "TagKey", "SizeLimitExceeded.TagNum")?;
        let all = act.flag("All")?;
        if keys.is_empty() && !all {
            return Err(missing("TagKey"));
        }
        let changed = resources.into_iter().map(|interface| {
            let mut seed: InterfaceSeed = interface.to_seed();
            // With keys, those; `All` counts where there are none.
            seed.tags.retain(|key, _| !keys.is_empty() && !keys.contains(&key.as_str()));
            act.became(&interface.facts.id, seed)
        });
        Ok((Answer::Accepted, changed.collect()))
    }

    /// Shows one page of tags.
    pub(in crate::emulator::world) fn list_tags(&self, act: &Act<'_>) -> Result<Answer, Refusal> {
        let region = self.region(act.request)?;
        check_type(act)?;
        let ids = numbered(act, "ResourceId", "SizeLimitExceeded.ResourceId")?;
        let tags = numbered_pairs(act, "Tag")?;
        if ids.is_empty() && tags.is_empty() {
            return Err(Refusal::new(403, "BothEmpty.TagsAndResources", "The tags and the resources are both empty."));
        }
        let results = match act.asked("MaxResults") {
            None => DEFAULT_RESULTS,
            Some(text) => {
                let results = text.parse().ok().filter(|results| (1..=MAX_RESULTS).contains(results));
                results.ok_or_else(Refusal::illegal_parameter)?
            }
        };
        let mark = Mark::of(act.caller, act.request);
        let begin = mark.begin(act.request).ok_or_else(Refusal::illegal_parameter)?;
        let here = self.population.iter().filter(|interface| {
            interface.owner == act.caller.account
                && interface.facts.region.as_str() == region
                && *interface.timeline.status_at(act.now) != Status::Deleted
                && (ids.is_empty() || ids.contains(&interface.facts.id.as_str()))
                && tags
                    .iter()
                    .all(|(key, value)| interface.tags.get(key).is_some_and(|found| value.is_empty() || value == found))
        });
        let rows = here.flat_map(|interface| {
            let row = |(key, value): (&String, &String)| TagRow {
                id: interface.facts.id.clone(),
                key: key.clone(),
                value: value.clone(),
            };
            interface.tags.iter().map(row)
        });
        let mut rows: Vec<TagRow> = rows.skip(begin).take(results + 1).collect();
        let next_token = (rows.len() > results).then(|| mark.token(begin + results));
        rows.truncate(results);
        Ok(Answer::Tags(TagRows { rows, next_token }))
    }

    /// Returns the interfaces that a call is about.
    fn resources(&self, act: &Act<'_>) -> Result<Vec<&Interface>, Refusal> {
        let region = self.region(act.request)?;
        check_type(act)?;
        let ids: BTreeSet<&str> = numbered(act, "ResourceId", "SizeLimitExceeded.ResourceId")?.into_iter().collect();
        if ids.is_empty() {
            return Err(missing("ResourceId"));
        }
        let found = ids.into_iter().map(|id| {
            self.population.get(id).filter(|interface| {
                interface.owner == act.caller.account
                    && interface.facts.region.as_str() == region
                    && *interface.timeline.status_at(act.now) != Status::Deleted
            })
        });
        found.collect::<Option<_>>().ok_or_else(|| Refusal::unknown_resources("InvalidInstanceIds.NotFound"))
    }
}

fn check_type(act: &Act<'_>) -> Result<(), Refusal> {
    let is_known = act.required("ResourceType")?.eq_ignore_ascii_case("ROUTERINTERFACE");
    is_known.then_some(()).ok_or_else(|| Refusal::unknown_resources("InvalidInstanceType.NotFound"))
}

fn missing(name: &str) -> Refusal {
    Refusal::new(400, format!("MissingParameter.{name}"), format!("The parameter {name} is missing."))
}

/// Returns the values of a list, in order: `Name.1`, `Name.2` and so on.
fn numbered<'a>(act: &Act<'a>, name: &str, too_many: &'static str) -> Result<Vec<&'a str>, Refusal> {
    let values: Vec<&str> = (1..=MOST + 1).map_while(|number| act.asked(&format!("{name}.{number}"))).collect();
    let text = "At most 20 values can be given.";
    if values.len() > MOST { Err(Refusal::bad(too_many, text)) } else { Ok(values) }
}

/// Returns the tags of a request, in order: `Name.1.Key` with `Name.1.Value` and so on.
pub(super) fn numbered_pairs(act: &Act<'_>, name: &str) -> Result<Vec<(String, String)>, Refusal> {
    let part = |number: usize, part: &str| act.request.parameter(&format!("{name}.{number}.{part}"));
    let mut tags: Vec<(String, String)> = Vec::new();
    for number in 1..=MOST + 1 {
        let (key, value) = (part(number, "Key"), part(number, "Value").unwrap_or_default());
        let Some(key) = key else { break };
        if number > MOST {
            return Err(Refusal::bad("SizeLimitExceeded.TagNum", "At most 20 tags can be given."));
        }
        let is_page = |text: &str| text.contains("http://") || text.contains("https://");
        let is_reserved = key.starts_with("aliyun") || key.starts_with("acs:");
        if key.is_empty() || key.chars().count() > LONGEST || is_reserved || is_page(key) {
            return Err(Refusal::bad("InvalidTagKey", "The specified tag key is not valid."));
        }
        if value.chars().count() > LONGEST || is_page(value) {
            return Err(Refusal::bad("InvalidTagValue", "The specified tag value is not valid."));
        }
        if tags.iter().any(|(known, _)| known == key) {
            return Err(Refusal::bad("Forbidden.TagKey.Duplicated", "The specified tag key is given twice."));
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}
