//! What the health checks say that a plan has to hear of: one call a link, a few at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::cloud::CloudRead;
use crate::plan::{HealthAnswer, HealthEnd, HealthRead, HealthUnread};
use crate::resource::AccountName;

/// How many checks are asked for at once.
const AT_ONCE: usize = 50;

/// Asks every check of `ends` once and gives each an answer. Where an answer binds nobody, an account that is not allowed to
/// ask is told so only once.
pub async fn health(cloud: &impl CloudRead, ends: &[HealthEnd], is_binding: bool) -> Vec<HealthRead> {
    let mut refused: Vec<(AccountName, HealthUnread)> = Vec::new();
    let mut read = Vec::with_capacity(ends.len());
    for ends in ends.chunks(AT_ONCE) {
        let known: BTreeSet<AccountName> = refused.iter().map(|(account, _)| account.clone()).collect();
        let is_refused =
            |end: &&HealthEnd| !is_binding && end.scope.as_ref().is_some_and(|scope| known.contains(&scope.account));
        let (told, open): (Vec<&HealthEnd>, Vec<&HealthEnd>) = ends.iter().partition(is_refused);
        let answers = join_all(open.into_iter().map(|end| ask(cloud, end))).await;
        for (end, answer) in answers {
            if let (Some(scope), HealthAnswer::Unread(why @ HealthUnread::Denied { .. })) = (&end.scope, &answer) {
                refused.push((scope.account.clone(), why.clone()));
            }
            read.push(HealthRead { interface_id: end.interface_id.clone(), answer });
        }
        for end in told {
            let why = refused.iter().find(|(account, _)| end.scope.as_ref().is_some_and(|own| own.account == *account));
            let answer = HealthAnswer::Unread(why.map_or(HealthUnread::OtherAccount, |(_, why)| why.clone()));
            read.push(HealthRead { interface_id: end.interface_id.clone(), answer });
        }
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
