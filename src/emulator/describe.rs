//! What DescribeRouterInterfaces asks for: pages, filters and tags (docs/reference/api.md#describe).

use std::collections::{BTreeMap, BTreeSet};

use super::interface::Interface;
use super::paging::page;
use super::refusal::Refusal;
use crate::resource::Status;

const MAX_FILTERS: usize = 5;
/// Documented until 2020; newer pages say "multiple values". The stricter reading stands.
pub(super) const MAX_FILTER_VALUES: usize = 5;
const MAX_TAGS: usize = 20;

/// What a filter can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Id,
    RouterId,
    RouterType,
    Owner,
    OppositeId,
    OppositeRouterType,
    OppositeRouterId,
    OppositeOwner,
    Status,
    Name,
}

impl Key {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "RouterInterfaceId" => Self::Id,
            "RouterId" => Self::RouterId,
            "RouterType" => Self::RouterType,
            "RouterInterfaceOwnerId" => Self::Owner,
            "OppositeInterfaceId" => Self::OppositeId,
            "OppositeRouterType" => Self::OppositeRouterType,
            "OppositeRouterId" => Self::OppositeRouterId,
            "OppositeInterfaceOwnerId" => Self::OppositeOwner,
            "Status" => Self::Status,
            "Name" => Self::Name,
            _ => return None,
        })
    }

    /// Returns what an interface has under this key for good; its status is none of that.
    pub(super) fn fact(self, interface: &Interface) -> Option<&str> {
        let facts = &interface.facts;
        let opposite = &facts.opposite;
        match self {
            Self::Id => Some(facts.id.as_str()),
            Self::RouterId => facts.router_id.as_deref(),
            Self::RouterType => facts.router_type.as_deref(),
            Self::Owner => Some(interface.owner.as_str()),
            Self::OppositeId => opposite.interface_id.as_ref().map(|id| id.as_str()),
            Self::OppositeRouterType => opposite.router_type.as_deref(),
            Self::OppositeRouterId => opposite.router_id.as_deref(),
            Self::OppositeOwner => {
                opposite.interface_id.as_ref()?;
                Some(opposite.owner_id.as_ref().unwrap_or(&interface.owner).as_str())
            }
            Self::Name => facts.name.as_deref(),
            Self::Status => None,
        }
    }

    /// Returns whether few interfaces share a value.
    fn tells_apart(self) -> bool {
        matches!(self, Self::RouterId | Self::OppositeId | Self::OppositeRouterId | Self::Name)
    }
}

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

#[derive(Clone, Debug, PartialEq, Eq)]
struct Filter {
    key: Key,
    values: Vec<String>,
}

/// What leads to a listing's interfaces without a look at all others.
pub(super) enum Narrowing<'q> {
    /// Nothing is asked for: all are listed.
    All,
    /// Nothing but a status of these, each once.
    Statuses(Vec<Status>),
    /// At most these ids; what else is asked for is checked.
    Ids(&'q [String]),
    /// At most those with one of these values; what else is asked for is checked.
    Fact(Key, &'q [String]),
    /// Nothing: all are checked.
    None,
}

impl Query {
    /// Reads a request's parameters; those that no page documents are ignored, as the API does.
    pub(super) fn parse(parameters: &BTreeMap<String, String>, max_filter_values: usize) -> Result<Self, Refusal> {
        let (page_number, page_size) = page(parameters)?;
        Ok(Self {
            page_number,
            page_size,
            filters: filters(parameters, max_filter_values)?,
            tags: tags(parameters)?,
            resource_group: parameters.get("ResourceGroupId").filter(|group| !group.is_empty()).cloned(),
        })
    }

    /// Returns the ids that the request narrows itself to, if it does.
    pub(super) fn ids(parameters: &BTreeMap<String, String>) -> Option<Vec<String>> {
        let filter = filters(parameters, usize::MAX).ok()?.into_iter().find(|filter| filter.key == Key::Id)?;
        Some(filter.values)
    }

    /// Returns what leads to the interfaces that are asked for.
    pub(super) fn narrowing(&self) -> Narrowing<'_> {
        let of_key = |is_wanted: fn(Key) -> bool| self.filters.iter().find(|filter| is_wanted(filter.key));
        if let Some(filter) = of_key(|key| key == Key::Id) {
            return Narrowing::Ids(&filter.values);
        }
        if let Some(filter) = of_key(Key::tells_apart) {
            return Narrowing::Fact(filter.key, &filter.values);
        }
        if !self.tags.is_empty() || self.resource_group.is_some() {
            return Narrowing::None;
        }
        match self.filters.as_slice() {
            [] => Narrowing::All,
            [filter] if filter.key == Key::Status => {
                let statuses: BTreeSet<Status> = filter.values.iter().map(|value| Status::parse(value)).collect();
                if statuses.iter().any(|status| matches!(status, Status::Unknown(_))) {
                    return Narrowing::None;
                }
                Narrowing::Statuses(statuses.into_iter().collect())
            }
            _ => Narrowing::None,
        }
    }

    /// Returns whether an interface, now in `status`, is asked for.
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
        if self.key == Key::Status {
            return self.values.iter().any(|value| Status::parse(value) == *status);
        }
        self.key.fact(interface).is_some_and(|fact| self.values.iter().any(|value| value == fact))
    }
}

fn filters(parameters: &BTreeMap<String, String>, max_values: usize) -> Result<Vec<Filter>, Refusal> {
    let mut filters: BTreeMap<usize, (Option<Key>, Vec<String>)> = BTreeMap::new();
    for (name, value) in parameters {
        let Some(rest) = name.strip_prefix("Filter.") else { continue };
        let parts: Vec<&str> = rest.split('.').collect();
        let position = |text: &str, most: usize| {
            text.parse().ok().filter(|position| (1..=most).contains(position)).ok_or_else(Refusal::illegal_parameter)
        };
        match parts.as_slice() {
            [filter, "Key"] => {
                let key = Key::parse(value).ok_or_else(|| Refusal::unknown_filter_key(filter))?;
                filters.entry(position(filter, MAX_FILTERS)?).or_default().0 = Some(key);
            }
            [filter, "Value", value_number] => {
                position(value_number, max_values)?;
                filters.entry(position(filter, MAX_FILTERS)?).or_default().1.push(value.clone());
            }
            _ => return Err(Refusal::illegal_parameter()),
        }
    }
    let whole = filters.into_values().map(|(key, values)| Some(Filter { key: key?, values }));
    let whole: Option<Vec<Filter>> = whole.map(|filter| filter.filter(|filter| !filter.values.is_empty())).collect();
    whole.ok_or_else(Refusal::empty_parameter)
}

fn tags(parameters: &BTreeMap<String, String>) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let mut tags = Vec::new();
    for (name, key) in parameters {
        let Some(position) = name.strip_prefix("Tags.").and_then(|rest| rest.strip_suffix(".Key")) else { continue };
        if !position.parse().is_ok_and(|position: usize| (1..=MAX_TAGS).contains(&position)) {
            return Err(Refusal::illegal_parameter());
        }
        tags.push((key.clone(), parameters.get(&format!("Tags.{position}.Value")).cloned()));
    }
    Ok(tags)
}
