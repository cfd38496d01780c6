//! The spec on disk and the files that belong to it. No network, no credentials.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::bounds;
use crate::diagnostic::quoted;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::drift::OtherEnds;
use crate::language::{Wording, say, worded};
use crate::render::words;
use crate::resource::LiveState;
use crate::schedule::{self, Clash, Finding, Sides};
use crate::spec::finding::Code;
use crate::spec::{self, BYTE_ORDER_MARK, Spec, SpecDigest, SpecFile};
use crate::store::Place;
use crate::store::local::Paths;
use crate::store::named::{self, Links, NamedError};

use super::failure::{Exit, Refusal};

pub(super) mod beside;
pub mod known;
pub(super) mod names;
pub mod of_run;
pub mod together;

/// The name of the spec where none is given.
pub const DEFAULT_SPEC: &str = "rictl.yaml";

/// A spec that has been read and checked, and where its history is.
#[derive(Clone, Debug)]
pub struct Project {
    /// What the user calls it: the path that was given.
    pub name: String,
    /// The spec.
    pub spec: Spec,
    /// The digest of its text.
    pub digest: SpecDigest,
    /// The directory that its relative paths start from.
    pub directory: PathBuf,
    /// Where its history is.
    pub place: Place,
}

impl Project {
    /// Refuses to write over the spec, its emulator's world, or what is recorded.
    ///
    /// # Errors
    /// Exit 1 naming the flag.
    pub fn refuse_own(&self, flag: &str, path: &Path) -> Result<(), Refusal> {
        if let Some(what) = named_by(&self.spec, path, &self.directory) {
            return Err(kept_elsewhere(flag, path, &what));
        }
        refuse_records(&self.place, flag, path)
    }

    /// Reads the spec at `path`: a file, or a directory whose `*.yaml` and `*.yml` are merged.
    ///
    /// # Errors
    /// A file that cannot be read, or [`crate::diagnostic::Diagnostics`] with every error of the spec.
    pub fn load(path: &Path, rescue_directory: &Path) -> Result<Self> {
        Self::load_of(path, rescue_directory, |_| None)
    }

    /// Reads the spec at `path`; where something is wrong with it, all that is wrong is said at once, that of its changes at a
    /// moment included.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_of(
        path: &Path,
        rescue_directory: &Path,
        moment: impl FnOnce(&Spec) -> Option<Timestamp>,
    ) -> Result<Self> {
        let is_directory = is_directory(path);
        let files = files(path)?;
        let marked: Vec<bool> = files.iter().map(|file| file.bytes.starts_with(BYTE_ORDER_MARK)).collect();
        let is_linked = files.iter().any(|file| named::is_linked(Path::new(&file.name)));
        let also = |spec: &Spec| {
            let found = moment(spec).map(|moment| schedule::judge_each(spec, moment)).unwrap_or_default();
            found.iter().map(|finding| words::schedule::finding(spec, finding, true)).collect()
        };
        let parsed = spec::parse_and(files, also);
        let mut spec = parsed.map_err(|found| if is_linked { spec::conceal(found) } else { found })?;
        let digest = SpecDigest::of(&spec.sources, marked);
        let directory = directory_of(path);
        let state = match &spec.state_path {
            Some(state) if has_scheme(&state.value) || may_hold_a_password(&state.value) => {
                let at = spec.sources.locate(state.place);
                let refusal = Refusal::new(Exit::Error, worded!("state.path is no path of a file ({at})", at));
                return Err(refusal
                    .hint(worded!(
                        "a spec names no store: give it with --state or RICTL_STATE, and `state: {name: ...}` here"
                    ))
                    .into());
            }
            Some(state) => directory.join(&state.value),
            None => usual_state(path),
        };
        refuse_foreign_state(&spec, &state, &directory)?;
        if is_directory {
            spec.warnings.extend(beside::passed_over(&directory, &spec, &state));
        } else {
            spec.warnings.extend(beside::twin(path));
        }
        let name = path.display().to_string();
        let mut paths = Paths::new(state, rescue_directory);
        paths.spec_owner = fs::metadata(path).ok().map(|found| found.uid());
        let project = Self { name, spec, digest, place: paths.into(), directory };
        Ok(if is_linked { project.concealed() } else { project })
    }

    /// Returns the spec as it is at a moment: with the statuses of the changes in force. A guard that changes break later is
    /// an error where `is_strict`, and else a warning.
    ///
    /// # Errors
    /// Every error of the spec that depends on the moment: changes that contradict each other, that select nothing or
    /// another number than they expect.
    pub fn at(self, moment: Timestamp, is_strict: bool) -> Result<Self, Diagnostics> {
        self.judged(moment, is_strict, Vec::new())
    }

    /// Returns the same as [`Self::at`], with what windows make of its changes among its warnings and errors.
    ///
    /// # Errors
    /// As [`Self::at`], and a change whose whole span is closed.
    pub fn validated(self, moment: Timestamp) -> Result<Self, Diagnostics> {
        let mut remarks = self.window_remarks(moment);
        remarks
            .extend(schedule::doubts(&self.spec, moment).iter().map(|doubt| words::schedule::doubt(&self.spec, doubt)));
        self.judged(moment, true, remarks)
    }

    fn judged(mut self, moment: Timestamp, is_strict: bool, more: Vec<Diagnostic>) -> Result<Self, Diagnostics> {
        let found = schedule::judge(&self.spec, moment);
        let said = found.iter().map(|finding| words::schedule::finding(&self.spec, finding, is_strict)).chain(more);
        let (errors, warnings): (Vec<_>, Vec<_>) = said.partition(|said| said.severity == Severity::Error);
        self.spec.warnings.extend(warnings);
        if !errors.is_empty() {
            let mut findings = self.spec.warnings;
            findings.extend(errors);
            findings.sort_by_key(|finding| finding.place);
            return Err(Diagnostics { sources: self.spec.sources, findings });
        }
        Ok(self.as_of(moment))
    }

    /// Returns an error for each floor that changes break ahead of a moment now that it is known which interfaces are one link.
    ///
    /// # Errors
    /// Those.
    pub(super) fn refuse_clashes(&self, live: &LiveState, moment: Timestamp) -> Result<(), Diagnostics> {
        if self.spec.changes.is_empty() {
            return Ok(());
        }
        let found = self.floors_broken_ahead(live, moment).map(|clash| self.clash_ahead(clash, true));
        let findings: Vec<_> = found.collect();
        if findings.is_empty() { Ok(()) } else { Err(Diagnostics { sources: self.spec.sources.clone(), findings }) }
    }

    /// Lists the warnings about floors that changes break ahead of a moment, as only the links that were read show.
    pub fn clashes_of_links(&self, live: &LiveState, moment: Timestamp) -> Vec<Diagnostic> {
        if self.spec.changes.is_empty() {
            return Vec::new();
        }
        let told = schedule::clashes(&self.spec, Sides::Unknown, moment);
        let is_told = |clash: &Clash| {
            told.iter().any(|told| told.changes == clash.changes && told.guarded.group() == clash.guarded.group())
        };
        let found = self.floors_broken_ahead(live, moment).filter(|clash| !is_told(clash));
        found.map(|clash| self.clash_ahead(clash, false)).collect()
    }

    /// Lists what breaks a floor ahead of a moment, counted by the links that were read.
    fn floors_broken_ahead(&self, live: &LiveState, moment: Timestamp) -> impl Iterator<Item = Clash> {
        let found = schedule::clashes(&self.spec, Sides::Known(&OtherEnds::read(&self.spec, live)), moment);
        found.into_iter().filter(move |clash| clash.from > moment && clash.guarded.group().is_some())
    }

    fn clash_ahead(&self, clash: Clash, is_strict: bool) -> Diagnostic {
        words::schedule::finding(&self.spec, &Finding::Clash { clash, is_ahead: true }, is_strict)
    }

    /// Lists the warnings about what changes break together.
    pub fn clashes(&self) -> Vec<Diagnostic> {
        let is_clash = |finding: &&Diagnostic| finding.code == Some(Code::Clash.as_str());
        self.spec.warnings.iter().filter(is_clash).cloned().collect()
    }

    /// Lists what windows make of the changes that have not ended by a moment; errors among them.
    fn window_remarks(&self, moment: Timestamp) -> Vec<Diagnostic> {
        let remarks = schedule::remarks(&self.spec, moment);
        remarks.iter().map(|remark| words::schedule::remark(&self.spec, remark)).collect()
    }

    /// Returns the same without looking for errors.
    pub fn as_of(self, moment: Timestamp) -> Self {
        Self { spec: schedule::in_force(self.spec, moment), ..self }
    }

    /// Takes the text of a spec out of what is said of it, since the way to it led through a link.
    ///
    /// # Errors
    /// Those of the loading, without the text.
    pub fn conceal(loaded: Result<Self>) -> Result<Self> {
        loaded.map(Self::concealed).map_err(Self::conceal_error)
    }

    /// Takes the text of a spec out of an error.
    pub fn conceal_error(error: anyhow::Error) -> anyhow::Error {
        match error.downcast::<Diagnostics>() {
            Ok(found) => spec::conceal(found).into(),
            Err(error) => error,
        }
    }

    /// A text that is a spec holds nobody's secret, so its warnings stay; its lines are not repeated all the same.
    fn concealed(mut self) -> Self {
        self.spec.sources = self.spec.sources.without_texts();
        self
    }
}

/// Returns what of a spec a path names: a file of it, or its emulator's world.
fn named_by(spec: &Spec, path: &Path, directory: &Path) -> Option<Wording> {
    let there = identity(path)?;
    let world = spec.cloud.world.as_ref().map(|world| directory.join(&world.value));
    if spec.sources.iter().any(|source| identity(Path::new(&source.name)) == Some(there)) {
        return Some(worded!("the spec"));
    }
    world.is_some_and(|world| identity(&world) == Some(there)).then(|| worded!("the emulator's world"))
}

/// Returns which file stands at a path, whatever it is called.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Returns whether a path names a file of what is recorded.
fn is_of_records(place: &Place, path: &Path) -> bool {
    let Some((paths, there)) = place.files().zip(identity(path)) else { return false };
    let kept = [&paths.state, &paths.backup, &paths.journal, &paths.lock];
    let lies_in =
        |directory: &PathBuf| path.parent().and_then(identity).is_some_and(|it| identity(directory) == Some(it));
    kept.into_iter().any(|file| identity(file) == Some(there)) || lies_in(&paths.runs) || lies_in(&paths.approvals)
}

/// Refuses to write over what is recorded.
///
/// # Errors
/// Exit 1 naming the flag.
pub fn refuse_records(place: &Place, flag: &str, path: &Path) -> Result<(), Refusal> {
    if is_of_records(place, path) { Err(kept_elsewhere(flag, path, &worded!("what rictl records"))) } else { Ok(()) }
}

fn kept_elsewhere(flag: &str, path: &Path, what: &Wording) -> Refusal {
    let refusal = Refusal::new(Exit::Error, worded!("{flag}: {path} is {what}", flag, path = path.display(), what));
    refusal.hint(worded!("choose another name"))
}

/// Refuses a state that would be kept in a file of the spec itself, or in its emulator's world.
fn refuse_foreign_state(spec: &Spec, state: &Path, directory: &Path) -> Result<()> {
    let Some(path) = &spec.state_path else { return Ok(()) };
    let Some(what) = named_by(spec, state, directory) else { return Ok(()) };
    let at = spec.sources.locate(path.place);
    let refusal = Refusal::new(Exit::Error, worded!("state.path names {what} ({at})", what, at));
    Err(refusal.hint(worded!("name a file for the state alone, such as state/rictl.json")).into())
}

/// Returns whether a text names a store rather than a file.
pub(super) fn has_scheme(text: &str) -> bool {
    const SCHEMES: [&str; 7] = ["file:", "postgres:", "postgresql:", "oss:", "s3:", "http:", "https:"];
    text.contains("://") || SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}

/// Returns whether a text that names no store may be the URL of one that was mistyped, with a password in it: it is not shown.
pub(super) fn may_hold_a_password(text: &str) -> bool {
    text.split_once("//").is_some_and(|(_, rest)| rest.contains('@'))
}

/// Reads the files of the spec at `path`, in the order of their names.
///
/// # Errors
/// A file that cannot be read.
pub fn files(path: &Path) -> Result<Vec<SpecFile>> {
    if is_directory(path) { read_directory(path) } else { Ok(vec![read_file(path, bounds::SPEC_BYTES)?]) }
}

fn is_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Returns the directory that the relative paths of the spec at `path` start from.
fn directory_of(path: &Path) -> PathBuf {
    if is_directory(path) { path.to_owned() } else { path.parent().map(Path::to_owned).unwrap_or_default() }
}

/// Returns where the state of the spec at `path` is where the spec does not say.
fn usual_state(path: &Path) -> PathBuf {
    directory_of(path).join("state").join(format!("{}.json", stem(path)))
}

/// The name of a file without its extension; of a directory, its own name even where it is given as `.`.
fn stem(path: &Path) -> String {
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let stem = if resolved.is_dir() { resolved.file_name() } else { path.file_stem() };
    stem.map_or("rictl".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn read_directory(path: &Path) -> Result<Vec<SpecFile>> {
    let doing = || worded!("cannot read the directory {path}", path = path.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(path).with_context(doing)? {
        let name = entry.with_context(doing)?.path();
        if beside::is_merged(&name) {
            names.push(name);
        }
        if names.len() > bounds::SPEC_FILES {
            break;
        }
    }
    names.sort();
    if names.is_empty() {
        let refusal = Refusal::new(Exit::Error, worded!("{path} holds no *.yaml or *.yml", path = path.display()));
        return Err(refusal.hint(elsewhere(path)).code(Code::NoFiles.as_str()).into());
    }
    if names.len() > bounds::SPEC_FILES {
        let most = bounds::grouped(bounds::SPEC_FILES as u64);
        let summary = worded!("{path} holds more than {most} *.yaml and *.yml", path = path.display(), most);
        return Err(Refusal::new(Exit::Error, summary).hint(elsewhere(path)).into());
    }
    let mut room = bounds::SPEC_BYTES;
    let mut files = Vec::with_capacity(names.len());
    for name in &names {
        let file = read_file(name, room)?;
        room -= file.bytes.len();
        files.push(file);
    }
    Ok(files)
}

/// Says where the spec of a directory that holds none may be.
fn elsewhere(path: &Path) -> Wording {
    match beside::below(path).as_slice() {
        [] => match beside::spelt_otherwise(path).as_slice() {
            [] => worded!("name a spec with --file, or start one with `rictl init`"),
            others => worded!(
                "of a directory only *.yaml and *.yml are read, in lower case: rename {others}, or name one with --file",
                others = others.join(say!(", "))
            ),
        },
        below => worded!(
            "the files of {below} are not merged; name one of these with --file",
            below = below.join(say!(", "))
        ),
    }
}

/// Reads one file of a spec, for which `room` bytes are left. A link is followed: mounted settings are made of them.
fn read_file(path: &Path, room: usize) -> Result<SpecFile> {
    let shown = path.display();
    let refuse = |summary: Wording, hint: Wording| Err(Refusal::new(Exit::Error, summary).hint(hint).into());
    match named::read(path, Links::Followed, room) {
        Ok(bytes) => Ok(SpecFile { name: path.display().to_string(), bytes }),
        Err(NamedError::Absent) => {
            if let Ok(target) = path.read_link() {
                let summary = worded!(
                    "the spec {shown} is a link to {target}, and nothing is there",
                    shown,
                    target = target.display()
                );
                return refuse(summary, worded!("remove the link, or put what it leads to in its place"));
            }
            let refusal = Refusal::new(Exit::Error, worded!("there is no spec {shown}", shown));
            let hint = match beside::meant(path) {
                Some(meant) => worded!("there is {meant}: `--file {quoted}`", meant, quoted = quoted(&meant)),
                None => worded!("name one with --file or RICTL_FILE, or start one with `rictl init`"),
            };
            Err(refusal.hint(hint).code(Code::NoFiles.as_str()).into())
        }
        Err(NamedError::NotRegular(_)) => {
            let summary = worded!("the spec {shown} is not a regular file", shown);
            refuse(summary, worded!("name a file or a directory with --file"))
        }
        Err(NamedError::TooLarge(_)) if room < bounds::SPEC_BYTES => {
            let most = bounds::size(bounds::SPEC_BYTES as u64);
            let summary = worded!("with {shown} the spec is larger than {most}", shown, most);
            refuse(summary, worded!("cut it into several specs"))
        }
        Err(error @ NamedError::TooLarge(_)) => {
            let summary = worded!("cannot read the spec {shown}: {error}", shown, error);
            refuse(summary, worded!("is this a spec? cut it into several"))
        }
        Err(NamedError::Io(error)) => {
            let refusal = Refusal::new(Exit::Error, worded!("cannot read the spec {shown}", shown));
            let hint = worded!("let this user read it, and pass through its directories; `ls -ld` shows who may");
            Err(refusal.cause(error.to_string()).hint(hint).into())
        }
    }
}
