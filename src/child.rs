//! Somebody else's program: an argument list, never a shell, with an environment that was looked through, and an end.
//!
//! What a program starts ends with it, and it ends with us, also where nobody can say so any more (SIGKILL): rictl
//! starts itself as the program's supervisor ([`supervise`]), which holds one end of a socket. When the other end
//! closes, for whichever reason, it kills the program's process group and every descendant that left it. The program's
//! own streams do not pass through it. Who may run what is not decided here.

mod environment;
mod supervisor;

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use supervisor::Word;
pub use supervisor::{SUPERVISE, supervise};

/// What the children of this process are started with. Without [`Children::new`] they get everything and have no
/// supervisor, as in tests of the library.
#[derive(Clone, Debug, Default)]
pub struct Children {
    /// How this program starts itself.
    supervisor: Option<PathBuf>,
    /// The variables that are for this program only.
    ours: Vec<OsString>,
    /// The variables that are credentials, or lead to some.
    credentials: Vec<OsString>,
    /// Where programs are looked for (`PATH`).
    path: Option<OsString>,
}

/// Which variables a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// All but those of this program: it is asked for credentials.
    AllButOurs,
    /// None of this program's, and no credentials.
    NoCredentials,
}

/// A program to run.
#[derive(Debug)]
pub struct Program<'p> {
    /// Its name and arguments.
    pub arguments: &'p [String],
    /// Where it runs; `None` for where we are.
    pub directory: Option<&'p Path>,
    /// What it gets on its standard input; `None` for nothing to read.
    pub input: Option<&'p [u8]>,
    /// Which variables it gets.
    pub given: Given,
    /// Variables that are set beside these.
    pub set: Vec<(&'static str, OsString)>,
    /// Further variables that it does not get.
    pub unset: &'static [&'static str],
    /// Which of its streams is listened to; the other goes nowhere.
    pub ear: Ear,
}

/// Which stream of a program is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    /// All of its standard output, of at most this many bytes.
    Output(u64),
    /// The beginning of its standard error.
    Errors(u64),
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// What it ended with.
    pub status: ExitStatus,
    /// What was heard.
    pub heard: Zeroizing<Vec<u8>>,
}

/// Why nothing is known of a program's end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It never ran.
    #[error("could not be started: {0}")]
    NotStarted(io::Error),
    /// It said more than is listened to; it was ended.
    #[error("said too much")]
    TooMuch,
    /// Its stream or its end was lost.
    #[error("could not be waited for: {0}")]
    Lost(io::Error),
}

/// Why a program cannot be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unstartable {
    /// It is there, and nobody may run it, or it is no file.
    NotExecutable,
    /// It is not there.
    NotFound,
}

impl Children {
    /// Looks through the variables of this process; `supervisor` is how it starts itself.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>, supervisor: PathBuf) -> Self {
        let mut children = Self { supervisor: Some(supervisor), ..Self::default() };
        for (name, value) in variables {
            if name == "PATH" {
                children.path = Some(value);
            } else if environment::is_ours(&name) {
                children.ours.push(name);
            } else if environment::is_credential(&name, &value) {
                children.credentials.push(name);
            }
        }
        children
    }

    /// Returns why a program that was to start in `directory` could not, as far as files tell; `None` if nothing speaks against it,
    /// or it is not known where programs are looked for.
    pub fn would_not_start(&self, program: &str, directory: &Path) -> Option<Unstartable> {
        let look = |path: &Path| match std::fs::metadata(path) {
            Ok(found) if found.is_file() && access(path, Access::EXEC_OK).is_ok() => None,
            Ok(_) => Some(Unstartable::NotExecutable),
            Err(_) => Some(Unstartable::NotFound),
        };
        if program.contains('/') {
            return look(&directory.join(program));
        }
        let places = std::env::split_paths(self.path.as_ref()?);
        // The least of them speaks: nothing, if it could be started from one place.
        places.map(|place| look(&directory.join(place).join(program))).min().unwrap_or(Some(Unstartable::NotFound))
    }

    /// Runs a program to its end. If this future is dropped before, the program is ended, with all that it started.
    ///
    /// # Errors
    /// Nothing is known of its end.
    pub async fn run(&self, program: Program<'_>) -> Result<Ended, Failure> {
        let mut running = self.start(&program).map_err(Failure::NotStarted)?;
        let heard = async {
            match program.ear {
                Ear::Output(most) => match hear(running.output.take(), most + 1).await? {
                    heard if heard.len() as u64 > most => Err(Failure::TooMuch),
                    heard => Ok(heard),
                },
                Ear::Errors(most) => hear(running.errors.take(), most).await,
            }
        };
        let (status, heard) = futures_util::future::try_join(running.process.end(program.input), heard).await?;
        Ok(Ended { status, heard })
    }

    fn start(&self, program: &Program<'_>) -> io::Result<Running> {
        let (name, rest) = program.arguments.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut link = None;
        let mut command = match &self.supervisor {
            Some(supervisor) => {
                let (ours, theirs) = StdUnixStream::pair()?;
                ours.set_nonblocking(true)?;
                link = Some(UnixStream::from_std(ours)?);
                let mut command = Command::new(supervisor);
                command.arg0("rictl").arg(SUPERVISE).arg(name).stdin(Stdio::from(OwnedFd::from(theirs)));
                command
            }
            None => {
                let mut command = Command::new(name);
                command.stdin(if program.input.is_some() { Stdio::piped() } else { Stdio::null() });
                command
            }
        };
        let hidden = match program.given {
            Given::AllButOurs => [self.ours.as_slice(), &[]],
            Given::NoCredentials => [self.ours.as_slice(), &self.credentials],
        };
        for name in hidden.into_iter().flatten() {
            command.env_remove(name);
        }
        for name in program.unset {
            command.env_remove(name);
        }
        let (output, errors) = match program.ear {
            Ear::Output(_) => (Stdio::piped(), Stdio::null()),
            Ear::Errors(_) => (Stdio::null(), Stdio::piped()),
        };
        command.args(rest).stdout(output).stderr(errors).process_group(0);
        command.envs(program.set.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = program.directory {
            command.current_dir(directory);
        }
        let mut child = command.kill_on_drop(link.is_none()).spawn()?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let process = match link {
            Some(link) => Process::Supervised { child, link },
            None => Process::Alone { group: Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed()))), child },
        };
        Ok(Running { process, output, errors })
    }
}

/// A program that was started.
struct Running {
    process: Process,
    output: Option<tokio::process::ChildStdout>,
    errors: Option<tokio::process::ChildStderr>,
}

enum Process {
    /// Below a supervisor, which ends it when the link closes.
    Supervised { child: Child, link: UnixStream },
    /// Without one.
    Alone { child: Child, group: Group },
}

impl Process {
    /// Tells the program its input, and waits for its end.
    async fn end(&mut self, input: Option<&[u8]>) -> Result<ExitStatus, Failure> {
        match self {
            Self::Supervised { child, link } => {
                // A program that does not read its input to the end is judged by its end alone.
                tell(link, &supervisor::head(input)).await;
                tell(link, input.unwrap_or_default()).await;
                let mut word = Vec::new();
                link.take(supervisor::LONGEST_WORD).read_to_end(&mut word).await.map_err(Failure::Lost)?;
                child.wait().await.map_err(Failure::Lost)?;
                match Word::read(&word) {
                    Some(Word::Ended(status)) => Ok(status),
                    Some(Word::Unstarted(error)) => Err(Failure::NotStarted(error)),
                    None => Err(Failure::Lost(io::Error::other("its supervisor is gone"))),
                }
            }
            Self::Alone { child, group } => {
                if let Some(mut stdin) = child.stdin.take() {
                    tell(&mut stdin, input.unwrap_or_default()).await;
                }
                let status = child.wait().await.map_err(Failure::Lost)?;
                group.0 = None;
                Ok(status)
            }
        }
    }
}

async fn tell(to: &mut (impl tokio::io::AsyncWrite + Unpin), bytes: &[u8]) {
    if let Err(error) = to.write_all(bytes).await {
        tracing::debug!("its input was not read to the end: {error}");
    }
}

async fn hear(from: Option<impl AsyncRead + Unpin>, most: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Never moved while it grows: it may be a secret.
    let mut heard = Zeroizing::new(Vec::with_capacity(usize::try_from(most).unwrap_or(0)));
    if let Some(from) = from {
        from.take(most).read_to_end(&mut heard).await.map_err(Failure::Lost)?;
    }
    Ok(heard)
}

/// A process group that does not outlive this value while its leader has not ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0
            && let Err(error) = kill_process_group(leader, Signal::KILL)
        {
            tracing::debug!("a program's process group could not be killed: {error}");
        }
    }
}
