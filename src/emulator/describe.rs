//! What DescribeRouterInterfaces asks for: pages, filters and tags (docs/reference/api.md#describe).

use std::collections::BTreeMap;

use super::interface::Interface;
use super::refusal::Refusal;
use crate::resource::Status;

const DEFAULT_PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 50;
const MAX_FILTERS: usize = 5;
/// Documented until 2020; newer pages say "multiple values". The stricter reading stands.
const MAX_FILTER_VALUES: usize = 5;
const MAX_TAGS: usize = 20;

const FILTER_KEYS: [&str; 10] = [
    "RouterInterfaceId",
    "RouterId",
    "RouterType",
    "RouterInterfaceOwnerId",
    "OppositeInterfaceId",
    "OppositeRouterType",
    "OppositeRouterId",
    "OppositeInterfaceOwnerId",
    "Status",
    "Name",
];

/// A checked listing request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) page_number: usize,
    pub(super) page_size: usize,
    /// All must hold; of each, one value.
    filters: Vec<Filter>,
    tags: Vec<(String, Option<String>)>,
    resource_group: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    key: String,
    values: Vec<String>,
}

impl Query {
    /// Reads a request's parameters; those that no page documents are ignored, as the API does.
    pub(super) fn parse(parameters: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let page_number = number(parameters, "PageNumber", 1)?;
        let page_size = number(parameters, "PageSize", DEFAULT_PAGE_SIZE)?;
        if page_number == 0 || page_size == 0 || page_size > MAX_PAGE_SIZE {
            return Err(Refusal::bad_page());
        }
        Ok(Self {
            page_number,
            page_size,
            filters: filters(parameters)?,
            tags: tags(parameters)?,
            resource_group: parameters.get("ResourceGroupId").filter(|group| !group.is_empty()).cloned(),
        })
    }

    /// Returns the ids that the request narrows itself to, if it does.
    pub(super) fn ids(parameters: &BTreeMap<String, String>) -> Option<Vec<String>> {
        let filter = filters(parameters).ok()?.into_iter().find(|filter| filter.key == "RouterInterfaceId")?;
        Some(filter.values)
    }

    /// Claims that an interface, now in `status`, is asked for.
    pub(super) fn selects(&self, interface: &Interface, status: &Status) -> bool {
        self.filters.iter().all(|filter| filter.admits(interface, status))
            && self.tags.iter().all(|(key, value)| {
                interface.tags.get(key).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
            })
            && self.resource_group.as_deref().is_none_or(|group| interface.resource_group.as_deref() == Some(group))
    }
}

impl Filter {
    fn admits(&self, interface: &Interface, status: &Status) -> bool {
        let facts = &interface.facts;
        let value = match self.key.as_str() {
            "RouterInterfaceId" => Some(facts.id.as_str()),
            "RouterId" => facts.router_id.as_deref(),
            "RouterType" => facts.router_type.as_deref(),
            "RouterInterfaceOwnerId" => Some(interface.owner.as_str()),
            "OppositeInterfaceId" => facts.opposite.interface_id.as_ref().map(|id| id.as_str()),
            "OppositeRouterType" => facts.opposite.router_type.as_deref(),
            "OppositeRouterId" => facts.opposite.router_id.as_deref(),
            "OppositeInterfaceOwnerId" => facts
                .opposite
                .interface_id
                .as_ref()
                .map(|_| facts.opposite.owner_id.as_ref().unwrap_or(&interface.owner).as_str()),
            "Name" => facts.name.as_deref(),
            // The only one left of FILTER_KEYS.
            _ => return self.values.iter().any(|value| Status::parse(value) == *status),
        };
        value.is_some_and(|value| self.values.iter().any(|wanted| wanted == value))
    }
}

fn number(parameters: &BTreeMap<String, String>, name: &str, default: usize) -> Result<usize, Refusal> {
    match parameters.get(name).map(String::as_str) {
        None | Some("") => Ok(default),
        Some(text) => text.parse().map_err(|_| Refusal::bad_page()),
    }
}

fn filters(parameters: &BTreeMap<String, String>) -> Result<Vec<Filter>, Refusal> {
    let mut filters: BTreeMap<usize, Filter> = BTreeMap::new();
    for (name, value) in parameters {
        let Some(rest) = name.strip_prefix("Filter.") else { continue };
        let parts: Vec<&str> = rest.split('.').collect();
        let position = |text: &str, most: usize| {
            text.parse()
                .ok()
                .filter(|position| (1..=most).contains(position))
                .ok_or_else(|| Refusal::illegal_parameter(name))
        };
        match parts.as_slice() {
            [filter, "Key"] => {
                if !FILTER_KEYS.contains(&value.as_str()) {
                    return Err(Refusal::unknown_filter_key());
                }
                filters.entry(position(filter, MAX_FILTERS)?).or_default().key.clone_from(value);
            }
            [filter, "Value", value_number] => {
                position(value_number, MAX_FILTER_VALUES)?;
                filters.entry(position(filter, MAX_FILTERS)?).or_default().values.push(value.clone());
            }
            _ => return Err(Refusal::illegal_parameter(name)),
        }
    }
    match filters.values().find(|filter| filter.key.is_empty() || filter.values.is_empty()) {
        Some(_) => Err(Refusal::empty_parameter("Filter")),
        None => Ok(filters.into_values().collect()),
    }
}

fn tags(parameters: &BTreeMap<String, String>) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let mut tags = Vec::new();
    for (name, key) in parameters {
        let Some(position) = name.strip_prefix("Tags.").and_then(|rest| rest.strip_suffix(".Key")) else { continue };
        if !position.parse().is_ok_and(|position: usize| (1..=MAX_TAGS).contains(&position)) {
            return Err(Refusal::illegal_parameter(name));
        }
        tags.push((key.clone(), parameters.get(&format!("Tags.{position}.Value")).cloned()));
    }
    Ok(tags)
}
