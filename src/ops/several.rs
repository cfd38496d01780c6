//! Several specs of one command: those that name one cloud, by the same credentials, share one client, so that each account and
//! region is read once and its quota is kept by one gate.

use std::rc::Rc;

use anyhow::Result;
use futures_util::future::{Either, join_all, select};

use crate::clock::Clock;
use crate::emulator::Manner;
use crate::refresh::{self, Wanted};
use crate::resource::{LiveState, Target};
use crate::spec::{Account, CloudSettings, Placed};

use super::connection::{Access, Cloud, connect_and_read, dial, world_of};
use super::live;
use super::project::Project;

/// What was read of a spec.
#[derive(Debug)]
pub struct Seen {
    /// Where it was read: one for all specs that share it.
    pub cloud: Rc<Cloud>,
    /// Which of the clouds of the command that is.
    pub number: usize,
    /// Whose interfaces they are.
    pub target: Target,
    /// What the cloud said of them.
    pub live: LiveState,
}

/// Reaches what each of the specs names, to read, and reads what they declare, in their order. What is to be reached by the same
/// credentials is reached once, asked once whose account it is, and each of its regions is read once for all of them.
///
/// # Errors
/// For each spec, as [`super::connection::connect`].
pub async fn connect_and_read_each(projects: &[&Project], access: &Access, clock: Clock) -> Vec<Result<Seen>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (number, project) in projects.iter().enumerate() {
        let shares =
            |group: &&mut Vec<usize>| group.iter().all(|other| is_one_cloud(projects[*other], project, access));
        match groups.iter_mut().find(shares) {
            Some(group) => group.push(number),
            None => groups.push(vec![number]),
        }
    }
    let read = groups.iter().map(|group| async {
        let members: Vec<&Project> = group.iter().map(|number| projects[*number]).collect();
        group.iter().copied().zip(Box::pin(read_together(&members, group[0], access, clock)).await)
    });
    let mut read: Vec<(usize, Result<Seen>)> = join_all(read).await.into_iter().flatten().collect();
    read.sort_by_key(|(number, _)| *number);
    read.into_iter().map(|(_, seen)| seen).collect()
}

async fn read_together(projects: &[&Project], number: usize, access: &Access, clock: Clock) -> Vec<Result<Seen>> {
    let Some((first, others)) = projects.split_first() else { return Vec::new() };
    let Ok(dialled) = dial((first, others), access, clock, Manner::Looking).await else {
        // What is wrong may be wrong with one of them: each finds its own.
        let each =
            projects.iter().zip(number..).map(|(project, number)| Box::pin(alone(project, number, access, clock)));
        return join_all(each).await;
    };
    let wanted: Vec<Vec<Wanted>> = projects.iter().map(|project| live::wanted(&project.spec)).collect();
    let identity = Box::pin(dialled.identity());
    let read = Box::pin(refresh::refresh_each(&dialled.cloud, &clock, &wanted));
    // Where nobody knows whose account it is, what is read is of no use.
    let known = match select(identity, read).await {
        Either::Left((Ok(account), read)) => Ok((account, read.await)),
        Either::Left((Err(unknown), _)) => Err(unknown),
        Either::Right((read, account)) => account.await.map(|account| (account, read)),
    };
    let (account, read) = match known {
        Ok((identity, read)) => (identity.account_id, read),
        Err(unknown) => return projects.iter().map(|_| Err(unknown.clone().told())).collect(),
    };
    let targets: Vec<Target> = projects.iter().map(|project| dialled.target(project, account.clone())).collect();
    let cloud = Rc::new(dialled.cloud);
    let read = projects.iter().zip(read).map(|(project, live)| live::located(&project.spec, live));
    let seen = |(target, live)| Ok(Seen { cloud: Rc::clone(&cloud), number, target, live });
    targets.into_iter().zip(read).map(seen).collect()
}

async fn alone(project: &Project, number: usize, access: &Access, clock: Clock) -> Result<Seen> {
    let (connection, live) = connect_and_read(project, access, clock).await?;
    Ok(Seen { cloud: Rc::new(connection.cloud), number, target: connection.target, live })
}

/// Returns whether two specs are answered by the same cloud, for the same credentials, each of their accounts.
fn is_one_cloud(one: &Project, other: &Project, access: &Access) -> bool {
    let (settings, others) = (&one.spec.cloud, &other.spec.cloud);
    let world = |project| {
        let path = world_of(project).filter(|_| access.endpoint.is_none())?;
        Some(path.canonicalize().unwrap_or(path))
    };
    settings.provider == others.provider
        && world(one) == world(other)
        && (access.profile.is_some() || value(&settings.profile) == value(&others.profile))
        && (access.signature.is_some() || value(&settings.signature) == value(&others.signature))
        && accounts_agree(settings, others)
}

fn value<T>(placed: &Option<Placed<T>>) -> Option<&T> {
    placed.as_ref().map(|placed| &placed.value)
}

/// Returns whether no name means one account in one spec and another one in the other.
fn accounts_agree(one: &CloudSettings, other: &CloudSettings) -> bool {
    let are_same = |one: &Account, other: &Account| {
        value(&one.profile) == value(&other.profile)
            && value(&one.role_arn) == value(&other.role_arn)
            && value(&one.account_id) == value(&other.account_id)
    };
    let mut both = one.accounts.iter().filter_map(|(name, account)| Some((account, other.accounts.get(name)?)));
    both.all(|(one, other)| are_same(one, other))
}
