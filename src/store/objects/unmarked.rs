//! States of a bucket that have lost the mark by which they are listed, or never had one: found by what stands below their names.
//!
//! A bucket may hold what is none of ours. A folder is taken for a state by keys that only a state has, and few are looked into.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::bucket::Bucket;
use super::remote::mark_of;
use crate::state::RunId;
use crate::store::glance::Listed;
use crate::store::remote::{Folder, StateName};
use crate::store::{StoreError, explain};

/// How many folders of which no state is known are looked into.
const MOST_FOLDERS: usize = 100;

/// How many are looked into at once.
const ABREAST: usize = 8;

/// What is left of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// Something was approved for it, which needs no mark.
    Approved,
    /// It was claimed or checked, and then it had a mark.
    Whole,
}

/// Finds the states that have no mark: level by level, and not below one that has.
///
/// # Errors
/// A bucket that cannot be listed.
pub(super) async fn unmarked(bucket: &Bucket, marked: &BTreeSet<StateName>) -> Result<Vec<Listed>, StoreError> {
    let (mut found, mut level, mut asked) = (Vec::new(), vec![String::new()], 0);
    while !level.is_empty() && asked < MOST_FOLDERS {
        level.truncate(MOST_FOLDERS - asked);
        asked += level.len();
        let read = |folder: String| look_into(bucket, folder, marked);
        let read: Vec<_> = stream::iter(std::mem::take(&mut level)).map(read).buffered(ABREAST).try_collect().await?;
        for (state, below) in read {
            found.extend(state);
            level.extend(below);
        }
    }
    Ok(found)
}

/// Returns the state that a folder is, if it is one, and the folders in it that may be states of no mark.
async fn look_into(
    bucket: &Bucket,
    folder: String,
    marked: &BTreeSet<StateName>,
) -> Result<(Option<Listed>, Vec<String>), StoreError> {
    /// Of a state of ours these hold one of its own; of a folder of somebody else's no more are looked at.
    const KEYS: usize = 1000;
    /// As many states as a folder may hold; ten requests.
    const CHILDREN: usize = 10_000;
    let failed = |error: super::ObjectError| error.at("list", bucket.path(&folder));
    let name = |below: &str| StateName::parse(format!("{folder}{below}").trim_end_matches('/')).ok();
    let children = bucket.children(&folder, CHILDREN).await.map_err(failed)?;
    let may_be_own =
        children.iter().any(|child| is_of_a_state(child) && name(child).is_none_or(|name| !marked.contains(&name)));
    let own = name("").filter(|_| may_be_own);
    let state = match own {
        Some(name) => {
            let keys = bucket.list(&folder, None, KEYS).await.map_err(failed)?;
            let left = keys.iter().filter_map(|key| left_by(key.strip_prefix(&folder)?)).max();
            left.map(|left| listed(bucket, name, left))
        }
        None => None,
    };
    let folders = children.iter().filter(|child| child.ends_with('/') && !(state.is_some() && is_of_a_state(child)));
    let below = folders.filter_map(|child| name(child)).filter(|name| !marked.contains(name));
    let below = below.map(|name| format!("{name}/")).collect();
    Ok((state, below))
}

fn listed(bucket: &Bucket, name: StateName, left: Left) -> Listed {
    let lost = (left == Left::Whole).then(|| {
        let (path, hint) = (bucket.path(&mark_of(&name)), "".into());
        let detail = format!("it is missing, and {name}/ is there; `drift --record` of its spec makes it anew").into();
        explain(&StoreError::Damaged { path, detail, hint })
    });
    Listed { name, lost }
}

/// Returns whether a state has something of this name directly below its own; others may, too.
fn is_of_a_state(child: &str) -> bool {
    let folder = child.strip_suffix('/');
    child.starts_with("journal-")
        || folder
            .is_some_and(|folder| ["journal", "state", "probe"].contains(&folder) || folder.parse::<Folder>().is_ok())
}

/// Returns what a key below the name of a state says of it: nothing where it may be somebody else's.
fn left_by(key: &str) -> Option<Left> {
    let is_number = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_timed = |name: &str| RunId(name.into()).made_at().is_some();
    let of_a_journal = key.strip_prefix("journal-").and_then(|rest| rest.strip_suffix(".jsonl"));
    match key.split_once('/') {
        None => of_a_journal.is_some_and(is_number).then_some(Left::Whole),
        Some(("journal", number)) => is_number(number).then_some(Left::Whole),
        Some(("state", name)) => is_number(name.split('-').next()?).then_some(Left::Whole),
        Some(("runs", name)) => is_timed(name).then_some(Left::Whole),
        Some(("findings", name)) => (name == "check").then_some(Left::Whole),
        Some(("approvals", name)) => is_timed(name).then_some(Left::Approved),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_state_is_known_from_those_of_others() {
        for own in [
            "journal-000000000003.jsonl",
            "journal/000000000042",
            "state/000000000007-3-0123456789ab",
            "runs/20261130T021400.000Z-1a2b3c",
            "findings/check",
        ] {
            assert_eq!(left_by(own), Some(Left::Whole), "{own}");
        }
        assert_eq!(left_by("approvals/20261130T021400.000Z-1a2b3c"), Some(Left::Approved));
        for other in [
            "state/terraform.tfstate",
            "journal/system.journal",
            "runs/1",
            "journal-.jsonl",
            "head",
            "x/findings/check",
        ] {
            assert_eq!(left_by(other), None, "{other}");
        }
    }
}
