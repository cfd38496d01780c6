//! What the health checks say that a plan has to hear of: one call a link, a few at once.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::cloud::CloudRead;
use crate::plan::{HealthAnswer, HealthEnd, HealthRead, HealthUnread};
use crate::resource::AccountName;

/// How many checks are asked for at once.
const AT_ONCE: usize = 50;

/// Asks every check of `ends` once and gives each an answer. Where an answer binds nobody, an account that is not allowed to
/// ask is told so only once.
pub async fn health(cloud: &impl CloudRead, ends: &[HealthEnd], is_binding: bool) -> Vec<HealthRead> {
    let mut refused: BTreeMap<AccountName, HealthUnread> = BTreeMap::new();
    let mut read = Vec::with_capacity(ends.len());
    for ends in ends.chunks(AT_ONCE) {
        let known = |end: &HealthEnd| {
            let scope = end.scope.as_ref().filter(|_| !is_binding)?;
            refused.get(&scope.account).cloned()
        };
        let (told, open): (Vec<_>, Vec<_>) =
            ends.iter().map(|end| (end, known(end))).partition(|(_, why)| why.is_some());
        let answers = join_all(open.into_iter().map(|(end, _)| ask(cloud, end))).await;
        for (end, answer) in answers {
            if let (Some(scope), HealthAnswer::Unread(why @ HealthUnread::Denied { .. })) = (&end.scope, &answer) {
                refused.entry(scope.account.clone()).or_insert_with(|| why.clone());
            }
            read.push(HealthRead { interface_id: end.interface_id.clone(), answer });
        }
        read.extend(told.into_iter().filter_map(|(end, why)| {
            Some(HealthRead { interface_id: end.interface_id.clone(), answer: HealthAnswer::Unread(why?) })
        }));
    }
    read
}

async fn ask<'e>(cloud: &impl CloudRead, end: &'e HealthEnd) -> (&'e HealthEnd, HealthAnswer) {
    let Some(scope) = &end.scope else { return (end, HealthAnswer::Unread(HealthUnread::OtherAccount)) };
    let answer = match cloud.health(scope, &end.interface_id).await {
        Ok(health) => HealthAnswer::Status(health.status),
        Err(error) => HealthAnswer::Unread(HealthUnread::from(&error)),
    };
    (end, answer)
}
