//! Telling somebody what drifted, once: a program gets the finding, and only a finding that changed is told again.
//!
//! What was last told stands beside the state, a digest and nothing else. What moves by itself or is known
//! (`in_transition`, `hands_off`) is no finding, and neither are times: a link that stays down is told once.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::child::Children;
use crate::drift::Drift;
use crate::render;
use crate::signature::sha256_hex;
use crate::store::remote::{Folder, NoteName};
use crate::store::{Place, read_file, replace_file};

use super::command;
use super::failure::{Exit, Refusal};
use super::project::Project;

/// A program that takes longer is stuck, and a timer's next run is near.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A command as an argument list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl FromStr for Words {
    type Err = &'static str;

    /// Splits at spaces; what stands in single or double quotes is kept together, and nothing else has a meaning.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        for character in text.chars() {
            match (quote, character) {
                (Some(open), _) if character == open => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                (None, _) if character.is_whitespace() => words.extend(word.take()),
                _ => word.get_or_insert_default().push(character),
            }
        }
        words.extend(word);
        match (quote, words.first()) {
            (Some(_), _) => Err("a quote is not closed"),
            (None, None) => Err("it names no program"),
            (None, Some(_)) => Ok(Self(words)),
        }
    }
}

/// Runs the command if the finding is another one than at the last run, and remembers it once the command succeeded.
///
/// # Errors
/// A command that failed, so that the next run tells again; a memory that cannot be read or written.
pub async fn notify(project: &Project, drift: &Drift, command: &Words, children: &Children) -> Result<()> {
    let last = told(&project.place)?.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
    let now = digest(drift);
    // Where nobody was ever told anything, that all is well is no news.
    let is_news = last.map_or(now != digest(&nothing(drift)), |last| last != now);
    if is_news {
        let mut document = Vec::new();
        render::drift::document(&mut document, drift)?;
        command::run("notify command", &command.0, (Path::new(""), children), Some(&document), TIMEOUT)
            .await
            .map_err(|error| Refusal::new(Exit::Error, error).hint("the next run tries again"))?;
    }
    remember(&project.place, format!("{now}\n").as_bytes())
}

/// Returns what was told last.
fn told(place: &Place) -> Result<Option<Vec<u8>>> {
    Ok(match place {
        Place::Files(paths) => read_file(&memory(&paths.state))?,
        Place::Far(far) => far.store.noted(memory_name()?)?,
    })
}

fn remember(place: &Place, bytes: &[u8]) -> Result<()> {
    let paths = match place {
        Place::Files(paths) => paths,
        Place::Far(far) => return Ok(far.store.replace(memory_name()?, bytes)?),
    };
    let memory = memory(&paths.state);
    if let Some(directory) = memory.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let doing = || format!("cannot make {}", directory.display());
        DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(doing)?;
    }
    replace_file(&memory, bytes)?;
    Ok(())
}

fn memory_name() -> Result<NoteName> {
    NoteName::new(Folder::Findings, "notified").context("bug: no name for what was told")
}

fn memory(state: &Path) -> PathBuf {
    let is_json = state.extension().is_some_and(|extension| extension == "json");
    let stem = if is_json { state.file_stem() } else { state.file_name() };
    let mut name = stem.unwrap_or_default().to_owned();
    name.push(".notified");
    state.with_file_name(name)
}

/// Covers what a person would call the finding.
fn digest(drift: &Drift) -> String {
    let items: Vec<_> = drift
        .findings()
        .map(|item| (&item.address, &item.id, item.cause, item.spec, item.last_applied, &item.live))
        .collect();
    let unread: Vec<_> = drift.failures.iter().map(|failure| &failure.scope).collect();
    let groups: Vec<_> = drift.broken_groups().map(|group| (&group.name, group.up, group.down)).collect();
    // Where no group is broken, as it was written before there were any.
    let text = match groups.as_slice() {
        [] => serde_json::json!([items, unread]).to_string(),
        _ => serde_json::json!([items, unread, groups]).to_string(),
    };
    format!("sha256:{}", sha256_hex(text.as_bytes()))
}

fn nothing(drift: &Drift) -> Drift {
    Drift { items: Vec::new(), groups: Vec::new(), failures: Vec::new(), ..drift.clone() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn splits_words_without_a_shell() {
        let words = |text: &str| text.parse::<Words>().map(|words| words.0);
        assert_eq!(
            words("  mail -s \"it's moved\" 'a \"b\"' $HOME;x "),
            Ok(["mail", "-s", "it's moved", "a \"b\"", "$HOME;x"].map(str::to_owned).to_vec())
        );
        assert_eq!(words("a '' b\"c d\"e"), Ok(["a", "", "bc de"].map(str::to_owned).to_vec()));
        assert_eq!(words("mail 'x"), Err("a quote is not closed"));
        assert_eq!(words("   "), Err("it names no program"));
    }

    #[test]
    fn remembers_beside_the_state() {
        assert_eq!(memory(Path::new("state/net.json")), Path::new("state/net.notified"));
        assert_eq!(memory(Path::new("s/net.state")), Path::new("s/net.state.notified"));
    }
}
