//! The health checks of the links that keep a floor: whom to ask, and what the answers count for.
//!
//! An Active link whose fibre is cut is still Active. The planner asks nobody: it says which checks it has to hear of
//! ([`Heard::questions`]) and plans again once it has. A link that is on its way up cannot be asked yet; it is taken as
//! healthy, and asked before the call where that matters.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::Wording;
use crate::plan::{HealthAnswer, HealthEnd, HealthRead, HealthUnread, Warning, WhyMemberNotUp, WhyNotUp};
use crate::resource::{
    AccountId, AccountName, Address, GroupName, HealthCheckStatus, Observed, RouterInterfaceId, Scope, Target,
};
use crate::spec::{HealthPolicy, Spec};

use super::caps::count;
use super::subject::{Subject, SubjectNumber, Subjects};

/// How many links of a group are asked where an answer is no more than a warning.
const MOST_ASKED: usize = 50;

/// What the health checks said, and how much that counts.
pub(super) struct Checks<'a> {
    policy: HealthPolicy,
    answers: BTreeMap<&'a RouterInterfaceId, &'a HealthAnswer>,
    /// The accounts of which credentials are known.
    names: BTreeMap<&'a str, AccountName>,
    /// The account of each of these.
    ids: BTreeMap<AccountName, AccountId>,
}

impl<'a> Checks<'a> {
    pub(super) fn new(spec: &'a Spec, target: &'a Target, heard: &'a [HealthRead]) -> Self {
        let named = spec.cloud.accounts.iter().filter_map(|(name, account)| {
            let role = account.role_arn.as_ref().and_then(|arn| arn.value.strip_prefix("acs:ram::")?.split(':').next());
            let id = account.account_id.as_ref().map(|id| id.value.as_str()).or(role)?;
            Some((id, name.clone()))
        });
        let names: BTreeMap<&str, AccountName> =
            named.chain([(target.account_id.as_str(), AccountName::default_account())]).collect();
        Self {
            policy: spec.limits.health,
            answers: heard.iter().map(|read| (&read.interface_id, &read.answer)).collect(),
            ids: names.iter().map(|(id, name)| (name.clone(), AccountId::from(*id))).collect(),
            names,
        }
    }

    /// Returns whether the checks that keep a floor are asked again before each call.
    pub(super) fn are_binding(&self) -> bool {
        self.policy == HealthPolicy::Block
    }

    /// Returns where the check of a link is asked for: the VRouter's end, which carries it.
    pub(super) fn end_of(&self, sides: &[&Subject<'_>]) -> Option<HealthEnd> {
        let seen: Vec<(&Scope, &Observed)> =
            sides.iter().filter_map(|side| Some((&side.declared.scope, side.live()?))).collect();
        let is_of = |kind: Option<&str>, wanted: &str| kind.is_some_and(|kind| kind.eq_ignore_ascii_case(wanted));
        let carries = |(_, live): &&(&Scope, &Observed)| is_of(live.router_type.as_deref(), "VRouter");
        let (scope, live) = seen.iter().find(carries).or(seen.first())?;
        let own = HealthEnd { interface_id: live.id.clone(), scope: Some((*scope).clone()) };
        let opposite = &live.opposite;
        let is_other_end = is_of(live.router_type.as_deref(), "VBR")
            && !is_of(opposite.router_type.as_deref(), "VBR")
            && seen.len() == 1;
        match &opposite.interface_id {
            Some(id) if is_other_end => Some(HealthEnd {
                interface_id: id.clone(),
                scope: self.account_of(scope, opposite.owner_id.as_ref()).map(|account| Scope {
                    account,
                    region: opposite.region.clone().unwrap_or_else(|| scope.region.clone()),
                }),
            }),
            _ => Some(own),
        }
    }

    /// Returns the account that the other end of an interface of `scope` belongs to, if it is one that we have.
    pub(super) fn account_of(&self, scope: &Scope, owner: Option<&AccountId>) -> Option<AccountName> {
        match owner {
            None => Some(scope.account.clone()),
            Some(owner) if self.ids.get(&scope.account) == Some(owner) => Some(scope.account.clone()),
            Some(owner) => self.names.get(owner.as_str()).cloned(),
        }
    }

    /// Returns whether a check has said something, or could not.
    pub(super) fn has_heard(&self, end: &HealthEnd) -> bool {
        self.answers.contains_key(&end.interface_id)
    }

    /// Returns why what a check is of counts as not up, if it does.
    pub(super) fn why_not_at(&self, end: &HealthEnd) -> Option<WhyNotUp> {
        if !self.are_binding() {
            return None;
        }
        match *self.answers.get(&end.interface_id)? {
            HealthAnswer::Status(HealthCheckStatus::Abnormal) => Some(WhyNotUp::Unhealthy),
            HealthAnswer::Unread(why) => Some(WhyNotUp::HealthUnread { why: why.clone() }),
            HealthAnswer::Status(_) => None,
        }
    }

    /// Returns why a link that is up by its statuses counts as not up, if it does.
    pub(super) fn counts_as_down(&self, sides: &[&Subject<'_>]) -> Option<WhyNotUp> {
        if !self.are_binding() || self.answers.is_empty() {
            return None;
        }
        self.why_not_at(&self.end_of(sides)?)
    }

    /// Says the same as groups do.
    pub(super) fn why_down(&self, sides: &[&Subject<'_>]) -> Option<WhyMemberNotUp> {
        Some(match self.counts_as_down(sides)? {
            WhyNotUp::HealthUnread { .. } => WhyMemberNotUp::Unread,
            _ => WhyMemberNotUp::Unhealthy,
        })
    }
}

/// What is to be said of the health checks, and what is still to be asked.
#[derive(Default)]
pub(super) struct Heard {
    /// What a reviewer should know.
    pub(super) warnings: Vec<Warning>,
    /// Whom to ask before this plan can be relied on.
    pub(super) questions: Vec<HealthEnd>,
}

/// The links of a group of which something goes down.
pub(super) struct Kept {
    pub(super) group: GroupName,
    pub(super) floor: usize,
    /// Those that are up by their statuses and stay so, each by its sides.
    pub(super) links: Vec<Vec<SubjectNumber>>,
    /// Those that are up and go down as well, where there are several: where the others do not keep the floor, one keeps it
    /// while another goes.
    pub(super) meanwhile: Vec<Vec<SubjectNumber>>,
}

/// A link that keeps the floor of its group.
struct Keeper<'a> {
    address: Address,
    end: HealthEnd,
    answer: Option<&'a HealthAnswer>,
}

impl Keeper<'_> {
    /// Returns whether it was asked and did not say Abnormal.
    fn is_good(&self) -> bool {
        self.answer.is_some_and(|answer| {
            !matches!(answer, HealthAnswer::Unread(_) | HealthAnswer::Status(HealthCheckStatus::Abnormal))
        })
    }
}

/// Goes through the groups of which the plan takes something down. A group without a floor has none that anybody keeps.
pub(super) fn heed(groups: &[Kept], subjects: &Subjects<'_>, checks: &Checks<'_>) -> Heard {
    let mut heard = Heard::default();
    if checks.policy == HealthPolicy::Ignore {
        return heard;
    }
    let mut asked: BTreeSet<RouterInterfaceId> = BTreeSet::new();
    let mut denied: (u32, Option<Wording>) = (0, None);
    for group in groups.iter().filter(|group| group.floor > 0) {
        let known = |links: &[Vec<SubjectNumber>]| -> Vec<Keeper<'_>> {
            links.iter().filter_map(|sides| keeper(sides, subjects, checks)).collect()
        };
        let (keepers, meanwhile) = (known(&group.links), known(&group.meanwhile));
        let open = unasked(group.floor, &keepers, &meanwhile, checks);
        let questions = open.into_iter().filter(|end| asked.insert(end.interface_id.clone()));
        heard.questions.extend(questions.cloned());
        heard.warnings.extend(said(group, &keepers));
        if !checks.are_binding() && keepers.len() > MOST_ASKED {
            let (asked, more) = (count(MOST_ASKED), count(keepers.len() - MOST_ASKED));
            heard.warnings.push(Warning::HealthNotAsked { group: group.group.clone(), asked, more });
        }
        for keeper in &keepers {
            if let Some(HealthAnswer::Unread(HealthUnread::Denied { detail })) = keeper.answer {
                denied.0 += 1;
                denied.1.get_or_insert_with(|| detail.clone());
            }
        }
    }
    heard.warnings.extend(denied.1.map(|detail| Warning::HealthDenied { links: denied.0, detail }));
    heard
}

fn keeper<'a>(sides: &[SubjectNumber], subjects: &Subjects<'_>, checks: &Checks<'a>) -> Option<Keeper<'a>> {
    let sides = subjects.at(sides);
    let end = checks.end_of(&sides)?;
    let carrier = sides.iter().find(|side| side.declared.id.value == end.interface_id).or(sides.first())?;
    let answer = checks.answers.get(&end.interface_id).copied();
    Some(Keeper { address: carrier.address.clone(), end, answer })
}

/// Lists who has to be asked: where an answer binds, as many as the floor needs that did not say Abnormal, and where those
/// that stay are too few, all that keep it meanwhile.
fn unasked<'k>(
    floor: usize,
    keepers: &'k [Keeper<'_>],
    meanwhile: &'k [Keeper<'_>],
    checks: &Checks<'_>,
) -> Vec<&'k HealthEnd> {
    let open =
        |among: &'k [Keeper<'_>]| among.iter().filter(|keeper| keeper.answer.is_none()).map(|keeper| &keeper.end);
    if !checks.are_binding() {
        return open(&keepers[..keepers.len().min(MOST_ASKED)]).collect();
    }
    // What comes up keeps nothing before it is up.
    let missing = floor.saturating_sub(keepers.iter().filter(|keeper| keeper.is_good()).count());
    let staying: Vec<&HealthEnd> = open(keepers).take(missing).collect();
    if staying.is_empty() && missing > 0 { open(meanwhile).collect() } else { staying }
}

/// Says what the checks of one group said, each word once.
fn said(group: &Kept, keepers: &[Keeper<'_>]) -> Vec<Warning> {
    let mut by_word: BTreeMap<&HealthCheckStatus, Vec<Address>> = BTreeMap::new();
    let mut unread: Vec<(&HealthUnread, Vec<Address>)> = Vec::new();
    for keeper in keepers {
        match keeper.answer {
            Some(HealthAnswer::Status(HealthCheckStatus::Normal)) | None => {}
            Some(HealthAnswer::Status(word)) => by_word.entry(word).or_default().push(keeper.address.clone()),
            Some(HealthAnswer::Unread(HealthUnread::Denied { .. })) => {}
            Some(HealthAnswer::Unread(why)) => {
                // What failed in a row failed for one reason, whatever the RequestIds.
                match unread.iter_mut().find(|(known, _)| std::mem::discriminant(*known) == std::mem::discriminant(why))
                {
                    Some((_, members)) => members.push(keeper.address.clone()),
                    None => unread.push((why, vec![keeper.address.clone()])),
                }
            }
        }
    }
    let name = || group.group.clone();
    let words =
        by_word.into_iter().map(|(status, members)| Warning::Health { group: name(), status: status.clone(), members });
    let unread =
        unread.into_iter().map(|(why, members)| Warning::HealthUnread { group: name(), members, why: why.clone() });
    words.chain(unread).collect()
}
