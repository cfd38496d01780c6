//! Which store a command works with: `--state`, else RICTL_STATE, else what the spec says. A spec never names a host: who
//! reviews it must not have to look where it sends credentials.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::diagnostic::Diagnostic;
use crate::language::{Wording, say, worded};
use crate::spec::Placed;
use crate::store::local::Paths;
use crate::store::objects::{Site, Way};
use crate::store::place::Far;
#[cfg(feature = "postgres")]
use crate::store::postgres::{self, Login, Postgres};
use crate::store::remote::StateName;
use crate::store::shared::Terms;
use crate::store::{Place, Shared};

use super::buckets::Buckets;
use super::failure::{Exit, Refusal};
use super::project::{Project, has_scheme, known, may_hold_a_password};

/// Which store was asked for, and what is known for reaching it.
#[derive(Debug)]
pub struct Stores {
    /// `--state` or RICTL_STATE, as it was given.
    pub asked: Option<String>,
    /// How a state is held.
    pub terms: Terms,
    /// What is known for logging in to a Postgres.
    #[cfg(feature = "postgres")]
    pub login: Login,
    /// What is known for reaching a bucket.
    pub buckets: Buckets,
    /// `--adopt`.
    pub adopts: bool,
    /// The directory of what was seen, so that a store that was restored is noticed.
    pub cache: Option<PathBuf>,
    /// What was opened: one connection a state.
    pub opened: Opened,
}

/// The states that a command has opened.
#[derive(Debug, Default)]
pub struct Opened(Mutex<BTreeMap<(String, StateName), Shared>>);

/// A store, for whoever looks at every state in it.
#[derive(Debug)]
pub enum Shelf {
    /// Directories of files.
    Directories(Vec<PathBuf>),
    /// A Postgres.
    #[cfg(feature = "postgres")]
    Postgres(postgres::Address, Login),
    /// A bucket.
    Bucket(Way),
}

/// What a spec says of where its state is and what it is called, as far as that could be read.
#[derive(Clone, Debug, Default)]
pub struct Named {
    /// `state.name`.
    pub state_name: Option<String>,
    /// `name`.
    pub name: Option<String>,
    /// `cloud.region`.
    pub region: Option<String>,
}

impl Named {
    fn of(project: &Project) -> Self {
        let text = |name: &Option<Placed<String>>| name.as_ref().map(|name| name.value.clone());
        let region = project.spec.cloud.region.as_ref().map(|region| region.value.to_string());
        Self { state_name: text(&project.spec.state_name), name: text(&project.spec.name), region }
    }
}

/// A store, as it was asked for.
enum Asked {
    File(PathBuf),
    Far(Scheme, String),
}

/// The stores that many machines share.
#[derive(Clone, Copy)]
enum Scheme {
    #[cfg(feature = "postgres")]
    Postgres,
    Oss,
    S3,
}

impl Scheme {
    /// # Errors
    /// A URL of another one.
    fn of(url: &str) -> Result<Self, Refusal> {
        match url.split(':').next().unwrap_or_default() {
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Ok(Self::Postgres),
            "oss" => Ok(Self::Oss),
            "s3" => Ok(Self::S3),
            scheme => {
                let refusal = Refusal::new(Exit::Error, worded!("this rictl keeps no states in {scheme}://", scheme));
                Err(refusal.hint(worded!(
                    "`--state` takes file:PATH, postgres://USER@HOST/DATABASE, oss://BUCKET/PREFIX and s3://BUCKET/PREFIX"
                )))
            }
        }
    }
}

impl Stores {
    /// Gives a project the place that was asked for; one whose spec names a path that is ignored says so.
    ///
    /// # Errors
    /// A store that is unknown or refused, and a state without a name.
    pub fn placed(&self, mut project: Project, path: &Path) -> Result<Project> {
        let named = Named::of(&project);
        project.place = self.place(path, project.place, &named)?;
        if let (Some(Placed { place, .. }), Some(_)) = (&project.spec.state_path, project.place.far()) {
            let (place, state) = (*place, project.place.label());
            let said = || Diagnostic::warning(say!("state.path is ignored: the state is in {state}", state)).at(place);
            project.spec.warnings.push(Diagnostic::worded(said));
        }
        Ok(project)
    }

    /// Returns the place that was asked for, else the one that the spec at `path` names.
    ///
    /// # Errors
    /// A store that is unknown or refused, and a state without a name.
    pub fn place(&self, path: &Path, own: Place, named: &Named) -> Result<Place> {
        let Some(asked) = self.asked.as_deref().filter(|asked| !asked.is_empty()) else { return Ok(own) };
        match read(asked)? {
            Asked::File(state) => Ok(Place::Files(beside(&own, state))),
            Asked::Far(scheme, url) => self.far((scheme, &url), path, named),
        }
    }

    /// Returns the place of a project's state in another store: the other end of a move.
    ///
    /// # Errors
    /// As [`Self::place`].
    pub fn other(&self, asked: &str, project: &Project, path: &Path) -> Result<Place> {
        match read(asked)? {
            Asked::File(state) => Ok(Place::Files(beside(&project.place, state))),
            Asked::Far(scheme, url) => self.far((scheme, &url), path, &Named::of(project)),
        }
    }

    fn far(&self, (scheme, url): (Scheme, &str), path: &Path, named: &Named) -> Result<Place> {
        let Some(name) = named.state_name.as_ref().or(named.name.as_ref()) else {
            let refusal =
                Refusal::new(Exit::Error, worded!("a state in a shared store needs a name, and the spec has none"));
            return Err(refusal.hint(worded!("write `state: {name: site-a}` into the spec, or `name: site-a`")).into());
        };
        let name = StateName::parse(name).map_err(|error| {
            let refusal = Refusal::new(Exit::Error, worded!("`{name}` is no name of a state", name));
            let refusal = refusal.cause(Wording::new(|| error.to_string()));
            refusal.hint(worded!("names are like site-a or network/site-a; `state.name` goes before `name`"))
        })?;
        let spec = named.name.clone().unwrap_or_else(|| identity(path));
        let key = (url.to_owned(), name.clone());
        let mut opened = self.opened.0.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match opened.get(&key) {
            Some(store) => store.clone(),
            None => {
                let near = opened.iter().find(|((of, _), _)| of == url).map(|(_, store)| store);
                let store = match near.and_then(|near| beside_in_one_server(scheme, near, &name)) {
                    Some(store) => store,
                    None => self.open((scheme, url), name.clone(), named.region.as_deref())?,
                };
                opened.insert(key, store.clone());
                store
            }
        };
        Ok(Place::Far(Far { store, name, url: url.to_owned(), spec, adopts: self.adopts, cache: self.cache.clone() }))
    }

    /// Returns the store of which every state is asked for, and which of its states are named beside that: the one of `--state` or
    /// RICTL_STATE, else the directories of the states that the specs `own` name. A file stands for the directory that it is in. `region`
    /// is what a spec says of it, requests take `longest`.
    ///
    /// # Errors
    /// A store that is unknown or refused; no store at all.
    pub fn shelf(&self, own: Vec<Place>, region: Option<&str>, longest: Duration) -> Result<(Shelf, Vec<Place>)> {
        let Some(asked) = self.asked.as_deref().filter(|asked| !asked.is_empty()) else {
            let directories: BTreeSet<PathBuf> =
                own.iter().filter_map(Place::files).map(|paths| directory_of(paths.state.clone())).collect();
            return Ok((Shelf::Directories(directories.into_iter().collect()), own));
        };
        let (scheme, url) = match read(asked) {
            Ok(Asked::Far(scheme, url)) => (scheme, url),
            Ok(Asked::File(path)) if path.is_dir() => return Ok((Shelf::Directories(vec![path]), Vec::new())),
            Ok(Asked::File(path)) => {
                let directory = directory_of(path.clone());
                // One in a directory that there is not is no state that nobody knows: the directory is misspelt.
                let named = directory.is_dir().then(|| Place::Files(Paths::new(path, ""))).into_iter().collect();
                return Ok((Shelf::Directories(vec![directory]), named));
            }
            Err(refusal) if has_scheme(asked) && !asked.starts_with("file:") => return Err(refusal.into()),
            Err(refusal) if may_hold_a_password(asked) => return Err(refusal.into()),
            // What names no file is a directory, as it stands.
            Err(_) => {
                let path = asked.strip_prefix("file:").unwrap_or(asked);
                let directory = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
                return Ok((Shelf::Directories(vec![directory]), Vec::new()));
            }
        };
        let shelf = match scheme {
            #[cfg(feature = "postgres")]
            Scheme::Postgres => Shelf::Postgres(address(&url)?, self.login.clone()),
            Scheme::Oss => Shelf::Bucket(self.buckets.oss_way(&url, region, longest)?),
            Scheme::S3 => Shelf::Bucket(self.buckets.s3_way(&url, longest)?),
        };
        Ok((shelf, own))
    }

    /// Opens a state in a store that many machines share; nothing is asked yet.
    fn open(&self, (scheme, url): (Scheme, &str), name: StateName, region: Option<&str>) -> Result<Shared> {
        match scheme {
            #[cfg(feature = "postgres")]
            Scheme::Postgres => {
                let state = Postgres::new(address(url)?, self.login.clone(), name);
                Ok(Shared::on_a_thread(state, self.terms.clone())?)
            }
            Scheme::Oss => {
                let state = self.buckets.oss(url, name, region, self.terms.ttl)?;
                Ok(Shared::on_a_thread(state, self.terms.clone())?)
            }
            Scheme::S3 => {
                let state = self.buckets.s3(url, name, self.terms.ttl)?;
                Ok(Shared::on_a_thread(state, self.terms.clone())?)
            }
        }
    }
}

/// Returns a state beside one that is open in the same server: they share how many connections are kept. Nothing where that is no server,
/// or the other state is at a loss.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "there is no server without it"))]
fn beside_in_one_server(scheme: Scheme, near: &Shared, name: &StateName) -> Option<Shared> {
    match scheme {
        #[cfg(feature = "postgres")]
        Scheme::Postgres => near.beside(name).ok(),
        Scheme::Oss | Scheme::S3 => None,
    }
}

#[cfg(feature = "postgres")]
fn address(url: &str) -> Result<postgres::Address, Refusal> {
    postgres::Address::parse(url).map_err(|error| {
        let refusal = Refusal::new(Exit::Error, worded!("cannot use the URL of the Postgres")).cause(error.to_string());
        refusal.hint(error.hint())
    })
}

/// Returns the directory that holds a state, or that was named itself.
fn directory_of(path: PathBuf) -> PathBuf {
    if path.is_dir() {
        return path;
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Reads what was asked for: a path is a file's.
///
/// # Errors
/// A path that names no file, a store that there is not.
fn read(asked: &str) -> Result<Asked, Refusal> {
    let path = match asked.strip_prefix("file:") {
        Some(path) => {
            path.strip_prefix("//").filter(|path| path.starts_with('/') || !path.contains('@')).unwrap_or(path)
        }
        None if has_scheme(asked) => return Ok(Asked::Far(Scheme::of(asked)?, asked.to_owned())),
        None => asked,
    };
    if may_hold_a_password(path) {
        let summary = worded!("what names the state is neither a URL of a store nor a path: it has `//` before an `@`");
        return Err(Refusal::new(Exit::Error, summary).hint(worded!(
            "`--state` takes file:PATH, postgres://USER@HOST/DATABASE, oss://BUCKET/PREFIX and s3://BUCKET/PREFIX"
        )));
    }
    if Path::new(path).file_name().is_none() || path.ends_with('/') {
        let refusal =
            Refusal::new(Exit::Error, worded!("{asked} names no file for the state", asked = format!("{asked:?}")));
        return Err(refusal.hint(worded!("`--state` takes file:PATH, such as file:state/site-a.json")));
    }
    Ok(Asked::File(PathBuf::from(path)))
}

/// Returns whether what was asked for may be said again: it is read, and so has no password or key in it.
pub fn may_be_said(asked: &str) -> bool {
    let (scheme, url) = match read(asked) {
        Ok(Asked::Far(scheme, url)) => (scheme, url),
        Ok(Asked::File(_)) => return true,
        Err(_) => return (!has_scheme(asked) || asked.starts_with("file:")) && !may_hold_a_password(asked),
    };
    match scheme {
        #[cfg(feature = "postgres")]
        Scheme::Postgres => postgres::Address::parse(&url).is_ok(),
        Scheme::Oss | Scheme::S3 => Site::parse(&url, Some("any"), None).is_ok(),
    }
}

/// Returns the files of another state, looked at as those of the spec are.
fn beside(own: &Place, state: PathBuf) -> Paths {
    match own.files() {
        Some(own) => {
            let (spec_owner, locking) = (own.spec_owner, own.locking);
            Paths { spec_owner, locking, ..Paths::new(state, own.rescue_dir.clone()) }
        }
        None => Paths::new(state, ""),
    }
}

/// Returns what a spec without a name is known by: its path from the root of its repository, else the name of its file.
fn identity(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = || real.file_name().map(|name| name.to_string_lossy().into_owned());
    known::path_in_repository(path).or_else(name).unwrap_or_else(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_without_a_name_is_known_by_its_path_in_the_repository() {
        let directory = tempfile::tempdir().unwrap();
        let site = directory.path().join("sites/a");
        std::fs::create_dir_all(&site).unwrap();
        std::fs::write(site.join("rictl.yaml"), "").unwrap();
        assert_eq!(identity(&site.join("rictl.yaml")), "rictl.yaml");
        std::fs::create_dir(directory.path().join(".git")).unwrap();
        assert_eq!(identity(&site.join("rictl.yaml")), "sites/a/rictl.yaml");
        assert_eq!(identity(&site), "sites/a");
    }

    #[test]
    fn a_state_is_where_somebody_says_with_all_else_that_is_known_of_its_spec() {
        let own = Paths { spec_owner: Some(7), ..Paths::new("kept/net.json", "rescue") };
        let other = beside(&own.into(), PathBuf::from("elsewhere.json"));
        assert_eq!(other.state, PathBuf::from("elsewhere.json"));
        assert_eq!((other.spec_owner, other.rescue_dir), (Some(7), PathBuf::from("rescue")));
    }

    #[test]
    fn what_has_a_scheme_is_no_path() {
        let is_far = |text: &str| matches!(read(text), Ok(Asked::Far(..)));
        assert!(is_far("postgres://db/x") && is_far("s3://bucket/x"));
        assert!(read("ftp://x").is_err() && read("foo://bar").is_err());
        assert!(!is_far("state/a.json") && !is_far("file:state/a.json"));
        assert!(matches!(read("file:a.json"), Ok(Asked::File(path)) if path == Path::new("a.json")));
        assert!(matches!(read("file:///a.json"), Ok(Asked::File(path)) if path == Path::new("/a.json")));
        for nothing in ["file:", "file://", "file:///", "file:state/", "file:..", "."] {
            assert!(read(nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn only_what_holds_no_secret_is_said_again() {
        for good in ["state/a.json", "file:a.json", "s3://audit-net/rictl", "oss://audit-net"] {
            assert!(may_be_said(good), "{good}");
        }
        for good in ["file:///srv/a@b.json", "a@b/c.json"] {
            assert!(may_be_said(good) && read(good).is_ok(), "{good}");
        }
        // A mistyped URL is no path.
        for bad in
            ["postgres//net:hunter2@db/x", "ostgres:/net:x//hunter2@db", "file://net:hunter2@db/x", "//net:hunter2@db"]
        {
            assert!(!may_be_said(bad), "{bad}");
            let said = read(bad).err().map(|refusal| format!("{refusal:?}")).unwrap_or_default();
            assert!(said.contains("before an `@`") && !said.contains("hunter2"), "{bad}: {said}");
        }
        for bad in ["s3://key:secret@audit", "oss://audit?secret=x", "https://hunter2@host/x"] {
            assert!(!may_be_said(bad), "{bad}");
        }
        #[cfg(feature = "postgres")]
        {
            assert!(may_be_said("postgres://net@db/passwords"), "a name may hold that word");
            assert!(
                !may_be_said("postgres://net:hunter2@db/x") && !may_be_said("postgres://net@db/x?password=hunter2")
            );
        }
    }
}
