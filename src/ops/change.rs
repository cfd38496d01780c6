//! `change add`: an entry more of `changes`, written into the spec. No network, no credentials.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};

use crate::calendar::{self, Toward, Written, Zone};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::render::words;
use crate::resource::{ChangeName, DesiredStatus};
use crate::schedule::{self, Clash, Finding, Sides};
use crate::selector::Selector;
use crate::spec::addition::{self, Addition};
use crate::spec::finding::Code;
use crate::spec::{self, Change, Placed, SpecFile};
use crate::store::named;

use super::failure::{Exit, Refusal};
use super::project::{self, Project};
use super::shared_file::{self, Access};

/// How many lines an entry has at most.
const LINES: u32 = 9;

/// The change that somebody asks for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is about.
    pub select: &'a [Selector],
    /// The status that it wants.
    pub status: DesiredStatus,
    /// Why.
    pub reason: &'a str,
    /// From when on, as TIME.
    pub from: Option<&'a str>,
    /// Up to when, as TIME.
    pub until: Option<&'a str>,
    /// How many interfaces it is about; `None` for as many as are selected now.
    pub expect: Option<u32>,
    /// Whose it is.
    pub owner: Option<&'a str>,
    /// Into which file of a directory it goes.
    pub output: Option<&'a Path>,
}

/// A change that was written.
#[derive(Debug)]
pub struct Added {
    /// Its name.
    pub name: ChangeName,
    /// The change, as the spec now has it.
    pub change: Change,
    /// Where it stands.
    pub place: String,
    /// Whose times.
    pub zone: Zone,
    /// What is worth a look about it.
    pub warnings: Diagnostics,
}

/// What came of it.
#[derive(Debug)]
pub enum Adding {
    /// It was written.
    Added(Box<Added>),
    /// The spec would not be valid with it: nothing was written.
    Invalid(Diagnostics),
}

/// Writes a change into the spec at `path`, if the spec is valid with it.
///
/// # Errors
/// Exit 1: a spec that is not valid without it, what means nothing, a file that cannot be written.
pub fn add(path: &Path, asked: &Asked<'_>, now: Timestamp, rescue_directory: &Path) -> Result<Adding> {
    let _turn = shared_file::turn(path);
    let project = Project::load(path, rescue_directory)?.at(now, false)?;
    let addition = addition_of(&project, asked, now)?;
    let mut files = project::files(path)?;
    let number = file_for(path, &mut files, asked.output)?;
    let file = PathBuf::from(&files[number].name);
    refuse_read_only(&file)?;
    let before = files[number].bytes.clone();
    let text = addition::add(&before, &addition).map_err(|error| {
        let summary = format!("cannot write {} into {}: {error}", addition.name, file.display());
        Refusal::new(Exit::Error, summary)
            .hint("write the entry by hand; `rictl explain --key changes.*.select` and the like say what its keys mean")
    })?;
    files[number].bytes = text.clone().into_bytes();
    let is_linked = files.iter().any(|file| named::is_linked(Path::new(&file.name)));
    let judge =
        |files: Vec<SpecFile>| judged(&project, files, &addition, now).map_err(|found| hidden(found, is_linked));
    let with = match judge(files.clone()) {
        Ok(with) => Added { warnings: hidden(with.warnings, is_linked), ..with },
        Err(found) => {
            // Its lines are those of a text that nobody has: they are told so.
            files[number].name = format!("{} with {}", file.display(), addition.name);
            return Ok(Adding::Invalid(judge(files).err().unwrap_or(found)));
        }
    };
    if current(&file)? != before {
        let refusal = Refusal::new(Exit::Error, format!("{} was edited meanwhile", file.display()));
        return Err(refusal.hint("nothing was written; run it again").into());
    }
    shared_file::write(&file, text.as_bytes(), Access::Others, true)?;
    Ok(Adding::Added(Box::new(with)))
}

/// Returns what is in a file; nothing where there is none.
fn current(file: &Path) -> Result<Vec<u8>> {
    if !shared_file::is_there(file) {
        return Ok(Vec::new());
    }
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn addition_of(project: &Project, asked: &Asked<'_>, now: Timestamp) -> Result<Addition> {
    let name = name_of(project, asked.name)?;
    if let Some(selector) = asked.select.iter().find(|selector| selector.asks_for_changes()) {
        let refusal = Refusal::new(Exit::Error, format!("--select {selector}: a change is not selected by changes"));
        return Err(refusal
            .hint("select interfaces: an address, an id, a pattern, group:G, label:K=V, region:R, account:A")
            .into());
    }
    if asked.reason.trim().is_empty() {
        return Err(Refusal::new(Exit::Error, "--reason is empty").hint("say why").into());
    }
    let selected = project.select(asked.select)?;
    let moment =
        |flag: &str, text: Option<&str>| text.map(|text| moment(flag, text, &project.spec.time_zone, now)).transpose();
    let (from, until) = (moment("--from", asked.from)?, moment("--until", asked.until)?);
    if let Some((at, _)) = until.as_ref().filter(|(at, _)| *at <= now) {
        let summary = format!("{name} would have ended already, at {}", project.spec.time_zone.shown(*at));
        return Err(Refusal::new(Exit::Error, summary).hint("give a later --until, or none").into());
    }
    Ok(Addition {
        name,
        reason: asked.reason.to_owned(),
        select: asked.select.to_vec(),
        expect: asked.expect.unwrap_or_else(|| u32::try_from(selected.len()).unwrap_or(u32::MAX)),
        status: asked.status,
        from: from.map(|(_, written)| written),
        until: until.map(|(_, written)| written),
        owner: asked.owner.map(str::to_owned),
    })
}

fn name_of(project: &Project, name: &str) -> Result<ChangeName, Refusal> {
    if let Some(strange) = addition::strange(name) {
        let summary = format!("`{name}` is no name of a change: it contains {strange}");
        return Err(Refusal::new(Exit::Error, summary)
            .hint("names are made of letters of any script, digits, `.`, `_` and `-`"));
    }
    if name.is_empty() {
        return Err(Refusal::new(Exit::Error, "the name of the change is empty").hint("give the number of its ticket"));
    }
    let name = ChangeName::from(name);
    match project.spec.changes.get(&name) {
        Some(there) => {
            let summary = format!("there is a change {name} already: {}", project.spec.sources.locate(there.place));
            Err(Refusal::new(Exit::Error, summary).hint("edit that one, or choose another name"))
        }
        None => Ok(name),
    }
}

/// Reads a TIME, and returns it as it is to be written: with its offset, so that it means the same in every zone.
fn moment(flag: &str, text: &str, zone: &Zone, now: Timestamp) -> Result<(Timestamp, String), Refusal> {
    let at = calendar::read(text, zone, now, Toward::Future)
        .map_err(|error| Refusal::new(Exit::Error, format!("{flag} {text}: {error}")))?;
    match Written::parse(text) {
        Ok(written) if at.subsec_nanosecond() != 0 => Ok((at, written.to_string())),
        Ok(_) => Ok((at, zone.stamp(at))),
        // A duration from now: to the second, and never earlier.
        Err(_) => {
            let more = i64::from(at.subsec_nanosecond() != 0);
            let at = Timestamp::from_second(at.as_second().saturating_add(more)).unwrap_or(at);
            Ok((at, zone.stamp(at)))
        }
    }
}

/// Returns which of the files the change goes into; of a directory the one that has changes, or the one that is named.
fn file_for(path: &Path, files: &mut Vec<SpecFile>, output: Option<&Path>) -> Result<usize> {
    if let Some(output) = output {
        let is_it = |file: &SpecFile| project::beside::same(Path::new(&file.name), output);
        if let Some(number) = files.iter().position(is_it) {
            return Ok(number);
        }
        if !project::beside::is_in(path, output) || shared_file::is_there(output) {
            let refusal =
                Refusal::new(Exit::Error, format!("{} is no file of the spec {}", output.display(), path.display()));
            return Err(refusal.hint("name one of its files, or a new *.yaml in its directory").into());
        }
        files.push(SpecFile { name: output.display().to_string(), bytes: Vec::new() });
        return Ok(files.len() - 1);
    }
    if let [_] = files.as_slice() {
        return Ok(0);
    }
    let with_changes: Vec<usize> =
        (0..files.len()).filter(|number| addition::has_changes(&files[*number].bytes)).collect();
    if let [one] = with_changes.as_slice() {
        return Ok(*one);
    }
    let how_many = if with_changes.is_empty() { "none" } else { "several" };
    let summary = format!("the spec {} has several files, and {how_many} of them has `changes`", path.display());
    Err(Refusal::new(Exit::Error, summary).hint("name the file with --output").into())
}

/// Refuses a file that somebody made read-only: replacing it in one step would not ask.
fn refuse_read_only(file: &Path) -> Result<(), Refusal> {
    let Ok(metadata) = fs::metadata(file) else { return Ok(()) };
    let refuse = |cause: String| {
        let refusal = Refusal::new(Exit::Error, format!("cannot write {}", file.display())).cause(cause);
        Err(refusal.hint("make it writable, or write the entry where the spec comes from"))
    };
    if metadata.permissions().mode() & 0o222 == 0 {
        return refuse("it is read-only".to_owned());
    }
    match fs::OpenOptions::new().append(true).open(file) {
        Ok(_) => Ok(()),
        Err(error) => refuse(error.to_string()),
    }
}

/// Judges the spec with the change in it.
fn judged(project: &Project, files: Vec<SpecFile>, addition: &Addition, now: Timestamp) -> Result<Added, Diagnostics> {
    let spec = spec::parse(files)?;
    let with = Project { spec, ..project.clone() }.validated(now)?;
    let mut found = Diagnostics { sources: with.spec.sources.clone(), findings: with.spec.warnings.clone() };
    let Some(change) = with.spec.changes.get(&addition.name) else {
        let bug = format!("bug: {} is not read back as it was written", addition.name);
        return Err(Diagnostics { findings: vec![Diagnostic::error(bug)], ..found });
    };
    let place = change.place;
    found.findings.retain(|finding| is_about(finding, place));
    let broken = broken_at_once(&with, &addition.name, now);
    if !broken.is_empty() {
        found.findings.retain(|finding| finding.code != Some(Code::Clash.as_str()));
        found.findings.extend(broken);
        return Err(found);
    }
    Ok(Added {
        name: addition.name.clone(),
        change: change.clone(),
        place: with.spec.sources.locate(place),
        zone: with.spec.time_zone.clone(),
        warnings: found,
    })
}

/// Lists what a change that begins as it is written breaks: it is not on already, so that is an error as if it lay ahead.
fn broken_at_once(with: &Project, name: &ChangeName, now: Timestamp) -> Vec<Diagnostic> {
    let mut spec = with.spec.clone();
    let Some(change) = spec.changes.get_mut(name).filter(|change| change.has_begun(now)) else { return Vec::new() };
    let at = now.checked_add(SignedDuration::from_nanos(1)).unwrap_or(now);
    let place = change.from.as_ref().map_or(change.place, |from| from.place);
    change.from = Some(Placed { value: at, place });
    let begins = |clash: &Clash| clash.from == at && clash.changes.contains(name);
    let found = schedule::clashes(&spec, Sides::Unknown, now).into_iter().filter(begins);
    found.map(|clash| words::schedule::finding(&with.spec, &Finding::Clash { clash, is_ahead: true }, true)).collect()
}

/// Takes from what was found what a link's text is not to tell.
fn hidden(found: Diagnostics, is_linked: bool) -> Diagnostics {
    if is_linked { spec::conceal(found) } else { found }
}

/// Returns whether a finding stands in the entry that begins at a place, or points there.
fn is_about(finding: &Diagnostic, entry: Place) -> bool {
    let is_in = |place: Place| {
        place.source == entry.source && place.line >= entry.line && place.line < entry.line.saturating_add(LINES)
    };
    finding.place.is_some_and(is_in) || finding.related.iter().any(|(place, _)| is_in(*place))
}
