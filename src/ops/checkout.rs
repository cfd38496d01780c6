//! Which commit a spec lies in, and whether it is as it was committed: for the records of a run.
//!
//! git is asked where it is installed and trusts the checkout; its commit a checkout tells in its own files as well. Nothing is
//! written and nothing fetched, no filter and no hook is run, and no run fails for what cannot be found out.

use std::path::Path;
use std::time::Duration;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::bounds;
use crate::child::{Children, Ear, Given, Program};
use crate::journal::Commit;
use crate::signature::hex;
use crate::store::named::{self, Links};

use super::project::Project;
use super::project::known::root_of;

/// How long git may take for an answer that it has on its disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// What would have git look at another repository than the one that the spec lies in; hooks are started with these.
const ELSEWHERE: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
];

/// A file of the spec.
struct Text<'p> {
    /// Where it lies, from the root of the checkout.
    path: String,
    /// What was read.
    text: &'p str,
}

/// Finds out which commit a spec lies in, if it lies in a checkout.
pub async fn commit_of(project: &Project, children: &Children) -> Option<Commit> {
    let mut root = None;
    let mut texts = Vec::new();
    for source in project.spec.sources.iter() {
        let real = Path::new(&source.name).canonicalize().ok()?;
        let root = root.get_or_insert(root_of(&real)?.to_owned());
        // A file of another checkout is of no commit of this one.
        let path = real.strip_prefix(&*root).ok().and_then(Path::to_str).map(str::to_owned);
        texts.push(Text { path: path.unwrap_or_default(), text: &source.text });
    }
    let root = root?;
    match asked(&root, &texts, children).await {
        Some(commit) => Some(commit),
        None => head_of(&root.join(".git")).map(|id| Commit { id, is_altered: None }),
    }
}

/// Asks git.
async fn asked(root: &Path, texts: &[Text<'_>], children: &Children) -> Option<Commit> {
    let id = git(root, children, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], ID_BYTES).await?;
    let id = id_of(&id)?;
    let paths = texts.iter().map(|text| text.path.as_str());
    let tree = [&["ls-tree", "-z", "--full-tree", id.as_str(), "--"][..], &paths.collect::<Vec<_>>()].concat();
    let room = texts.iter().map(|text| text.path.len() as u64 + ENTRY_BYTES).sum();
    let is_altered = match git(root, children, &tree, room).await {
        // The text was read without repeating it: there is nothing to hold against what was committed.
        Some(_) if texts.iter().any(|text| text.text.is_empty()) => None,
        Some(listed) => Some(!texts.iter().all(|text| is_committed(text, &listed))),
        None => None,
    };
    Some(Commit { id, is_altered })
}

/// More than a commit's id takes.
const ID_BYTES: u64 = 256;

/// More than an entry of a tree takes beside its path.
const ENTRY_BYTES: u64 = 256;

async fn git(root: &Path, children: &Children, arguments: &[&str], room: u64) -> Option<String> {
    let arguments: Vec<String> = std::iter::once(&"git").chain(arguments).map(|word| (*word).to_owned()).collect();
    let set = [("GIT_OPTIONAL_LOCKS", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_NO_REPLACE_OBJECTS", "1")];
    let run = children.run(Program {
        arguments: &arguments,
        directory: Some(root),
        input: None,
        given: Given::NoCredentials,
        set: set.into_iter().map(|(name, value)| (name, value.into())).collect(),
        unset: &ELSEWHERE,
        ear: Ear::Output(room),
    });
    let ended = tokio::time::timeout(PATIENCE, run).await.ok()?.ok()?;
    let said = std::str::from_utf8(&ended.heard).ok()?.to_owned();
    ended.status.success().then_some(said)
}

/// Returns whether a tree that was listed has a file as it was read, whichever way a checkout writes the ends of its lines.
fn is_committed(text: &Text<'_>, listed: &str) -> bool {
    let entries = listed.split('\0').filter_map(|entry| entry.split_once('\t'));
    let Some((head, _)) = entries.into_iter().find(|(_, path)| *path == text.path) else { return false };
    let Some(id) = head.rsplit(' ').next() else { return false };
    let is_this = |way: &str| blob_id(way.as_bytes(), id.len()) == id;
    let is_this_marked_or_not = |way: &str| is_this(way) || is_this(&format!("\u{feff}{way}"));
    // A large spec is copied only where it is not as it was committed to the letter.
    is_this_marked_or_not(text.text) || is_this_marked_or_not(&text.text.replace("\r\n", "\n"))
}

/// Returns the id that git gives a file with this content, of so many digits.
fn blob_id(content: &[u8], digits: usize) -> String {
    let head = format!("blob {}\0", content.len());
    match digits {
        40 => hex(&Sha1::new().chain_update(head).chain_update(content).finalize()),
        _ => hex(&Sha256::new().chain_update(head).chain_update(content).finalize()),
    }
}

/// Reads which commit is checked out off git's own files.
fn head_of(git: &Path) -> Option<String> {
    // A further work tree, or a submodule, names its directory in a file.
    let directory = match read(git) {
        Some(named) => git.parent()?.join(named.strip_prefix("gitdir:")?.trim()),
        None => git.to_owned(),
    };
    let common = read(&directory.join("commondir")).map(|named| directory.join(named.trim()));
    let common = common.unwrap_or_else(|| directory.clone());
    let head = read(&directory.join("HEAD"))?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return id_of(&head) };
    // A name that leads out of there is none of git's.
    if !name.starts_with("refs/") || name.split('/').any(|part| part == "..") {
        return None;
    }
    let loose = || [&directory, &common].into_iter().find_map(|place| read(&place.join(name)));
    let packed = || {
        let packed = read(&common.join("packed-refs"))?;
        packed.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' ').map(str::to_owned))
    };
    loose().or_else(packed).and_then(|id| id_of(&id))
}

fn read(path: &Path) -> Option<String> {
    String::from_utf8(named::read(path, Links::Followed, bounds::CHECKOUT_FILE_BYTES).ok()?).ok()
}

/// Returns an id of git's, if that is what was read.
fn id_of(text: &str) -> Option<String> {
    let id = text.trim();
    (matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

#[cfg(test)]
mod tests;
