//! `validate --live`: what only the cloud can say of a spec. Reads, and changes nothing.

use anyhow::Result;

use crate::clock::Clock;
use crate::cloud::routes::reading;
use crate::diagnostic::Diagnostic;
use crate::language::say;
use crate::overview::{Disagreement, disagreements, grouped_routers};
use crate::plan::{RouterRead, RoutesAnswer, RoutesUnread};
use crate::render::words;
use crate::spec::LastRoutePolicy;

use super::connection::{Access, connect_and_read};
use super::project::Project;

/// Reads what is live and the routes over everything that is in a group, and says where groups and routes disagree.
///
/// # Errors
/// A cloud that cannot be reached.
pub async fn live(project: &Project, access: &Access, clock: Clock) -> Result<Vec<Diagnostic>> {
    let (connection, live) = connect_and_read(project, access, clock).await?;
    let spec = &project.spec;
    let mut findings: Vec<Diagnostic> = Vec::new();
    for failure in &live.failures {
        let scope = &failure.scope;
        let unread = || Diagnostic::error(say!("{scope} could not be read", scope)).cause(failure.detail.told());
        findings.push(Diagnostic::worded(unread));
    }
    if spec.limits.last_route() == LastRoutePolicy::Ignore {
        return Ok(findings);
    }
    let routers = grouped_routers(spec, &live);
    let read = reading::routes(&connection.cloud, &routers).await.into_iter().map(|read| RouterRead {
        router: read.router,
        answer: match read.routes {
            Ok(routes) => RoutesAnswer::Entries(routes),
            Err(error) => RoutesAnswer::Unread(RoutesUnread::from(&error)),
        },
    });
    let read: Vec<RouterRead> = read.collect();
    let mut unread: Vec<(&RoutesUnread, usize)> = Vec::new();
    for read in &read {
        let RoutesAnswer::Unread(why) = &read.answer else { continue };
        match unread.iter_mut().find(|(known, _)| std::mem::discriminant(*known) == std::mem::discriminant(why)) {
            Some((_, count)) => *count += 1,
            None => unread.push((why, 1)),
        }
    }
    findings.extend(unread.into_iter().map(|(why, routers)| {
        Diagnostic::worded(|| {
            Diagnostic::warning(words::plan::routers_unread(routers)).cause(words::plan::routes_unread(why))
        })
    }));
    // What was not read says nothing of who carries what.
    if findings.is_empty() {
        let warned = |found: &Disagreement| {
            let warning = || Diagnostic::warning(words::overview::disagreement(found));
            match spec.interfaces.get(&found.address) {
                Some(declared) => {
                    let place = declared.group.as_ref().map_or(declared.place, |group| group.place);
                    Diagnostic::worded(|| warning().at(place))
                }
                None => Diagnostic::worded(warning),
            }
        };
        findings.extend(disagreements(spec, &live, &read).iter().map(warned));
    }
    Ok(findings)
}
