//! Runs a block as it is printed: in `bash`, with the real binary, and with programs that do nothing in the place of those that
//! cannot be run here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rictl::signature::v4::Dialect;
use tempfile::TempDir;

use super::Block;
use super::settings::{IDLE, SITE, Setting, Store};
use crate::documents::{repository, transcript};
use crate::harness::emulator::Emulator;
use crate::objects::commands::bucket;
use crate::objects::mock;

/// What every script begins with: whoever types waits until a server listens, and it ends with the shell. `$1` is where it says
/// which command failed; those of rictl say so themselves.
const SHELL: &str = r#"
set -m -o pipefail
trap 'for job in $(jobs -p); do kill -- "-$job" 2>/dev/null; done' EXIT
trap 'case $BASH_COMMAND in rictl*) ;; *) echo "$? $BASH_COMMAND" >>"$FAILED" ;; esac' ERR
listens() { for _ in $(seq 200); do (: </dev/tcp/127.0.0.1/$1) 2>/dev/null && return; sleep 0.05; done; return 1; }
"#;

/// Says how each rictl ended.
const RICTL: &str = "#!/bin/sh\n\"$RICTL\" \"$@\"\ncode=$?\necho \"$code $*\" >>\"$RAN\"\nexit $code\n";

/// Does nothing but for `cargo run`, and notes what it was given.
const CARGO: &str = "#!/bin/sh\necho \"$*\" >>\"$CARGO_RAN\"\n[ \"$1\" = run ] || exit 0\nshift\n[ \"$1\" = -- ] && shift\nexec rictl \"$@\"\n";

/// Returns whether a shell is there to run blocks with.
pub(super) fn can_run() -> bool {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let lacks: Vec<&str> = ["bash", "jq", "timeout"].into_iter().filter(|program| !has(program)).collect();
    if !lacks.is_empty() {
        println!("skipped: there is no {} here", lacks.join(", no "));
    }
    lacks.is_empty()
}

/// Where a block is run.
struct Place {
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { home: tempfile::tempdir().expect("a temporary directory") };
        transcript::copy(&repository().join("examples"), &place.path("examples"));
        for program in IDLE.iter().map(|(program, _)| *program) {
            // A program of the repository is named by its path.
            let path = if program.contains('/') { format!("site/{program}") } else { format!("bin/{program}") };
            place.program(&path, "#!/bin/sh\nexit 0\n");
        }
        place.program("bin/cargo", CARGO);
        place.program("bin/rictl", RICTL);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(&path, text).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
    }

    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Prepares the shell, at home in this place.
    fn shell(&self, script: &str) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories = std::iter::once(self.path("bin")).chain(std::env::split_paths(&path));
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "60", "bash", "-c", script])
            .current_dir(self.path("site"))
            .env_clear()
            .env("PATH", std::env::join_paths(directories).expect("no directory of PATH holds a colon"))
            .env("HOME", self.home.path())
            .env("RICTL", env!("CARGO_BIN_EXE_rictl"))
            .envs(
                [("RAN", "ran"), ("FAILED", "failed"), ("CARGO_RAN", "cargo-ran")]
                    .map(|(name, file)| (name, self.path(file))),
            )
            .env("RICTL_LOCK_DIR", self.home.path())
            .envs([("USER", "you"), ("LANG", "C.UTF-8"), ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")])
            .envs([("RICTL_POLL_INTERVAL", "50ms"), ("RICTL_DOUBT_WINDOW", "200ms"), ("RICTL_SETTLE_TIMEOUT", "3s")]);
        command
    }
}

/// What stands for what is not here: the texts that are put in its place, and what the shell's environment needs for it.
struct Standing {
    swaps: Vec<(String, String)>,
    variables: Vec<(&'static str, String)>,
    _emulator: Option<Emulator>,
    _mock: Option<mock::Mock>,
}

impl Standing {
    /// `None` where it cannot be had, which is said.
    fn of(setting: &Setting) -> Option<Self> {
        let mut swaps: Vec<(String, String)> = Vec::new();
        let mut variables = Vec::new();
        for port in ["8080", "8443"] {
            let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a port");
            swaps.push((format!("127.0.0.1:{port}"), free.to_string()));
        }
        let emulator = setting.cloud.then(|| Emulator::serve(super::settings::WORLD));
        if let Some(emulator) = &emulator {
            variables.push(("RICTL_ENDPOINT", emulator.url()));
        }
        if setting.cloud || setting.store.is_some() {
            let key = (rictl::emulator::DEFAULT_ACCESS_KEY_ID, rictl::emulator::DEFAULT_ACCESS_KEY_SECRET);
            variables.push(("ALIBABA_CLOUD_ACCESS_KEY_ID", key.0.to_owned()));
            variables.push(("ALIBABA_CLOUD_ACCESS_KEY_SECRET", key.1.to_owned()));
        }
        let mut bucket_of = None;
        match setting.store {
            None => {}
            Some(Store::Postgres) => postgres(&mut swaps, &mut variables)?,
            Some(Store::Bucket(dialect)) => {
                let mock = bucket(dialect);
                let endpoint = format!("http://{}", mock.address);
                swaps.push(("audit-net".to_owned(), mock::BUCKET.to_owned()));
                swaps.push(("eu-central-1".to_owned(), mock::REGION.to_owned()));
                match dialect {
                    Dialect::Oss => variables.push(("OSS_ENDPOINT", endpoint)),
                    Dialect::Aws => variables.extend([
                        ("AWS_ENDPOINT_URL", endpoint),
                        ("AWS_ACCESS_KEY_ID", mock::KEY.to_owned()),
                        ("AWS_SECRET_ACCESS_KEY", mock::SECRET.to_owned()),
                    ]),
                }
                bucket_of = Some(mock);
            }
        }
        Some(Self { swaps, variables, _emulator: emulator, _mock: bucket_of })
    }
}

/// One server for all; a database for each block, but for the one that makes its own.
#[cfg(feature = "postgres")]
fn postgres(swaps: &mut Vec<(String, String)>, variables: &mut Vec<(&'static str, String)>) -> Option<()> {
    let server = crate::postgres::Server::shared()?;
    swaps.push(("createdb rictl && psql rictl".to_owned(), "createdb net && psql net".to_owned()));
    swaps.push(("DATABASE rictl".to_owned(), "DATABASE net".to_owned()));
    let url = server.url(&server.database());
    swaps.push((
        "postgres://net@db.example.com/rictl PG".to_owned(),
        format!("postgres://net@127.0.0.1:{}/net PG", server.port),
    ));
    swaps.push(("postgres://net@db.example.com/rictl".to_owned(), url));
    variables.extend([
        ("PGHOST", "127.0.0.1".to_owned()),
        ("PGPORT", server.port.to_string()),
        ("PGUSER", "rictl".to_owned()),
    ]);
    Some(())
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &mut Vec<(String, String)>, _: &mut Vec<(&'static str, String)>) -> Option<()> {
    None
}

/// Returns a block as a script: a line of a crontab without its times, and after a server whoever types waits for it.
fn script(setting: &Setting, block: &Block, standing: &Standing) -> String {
    let lines = block.text.lines().map(|line| match block.language.as_str() {
        "cron" => line.split_whitespace().skip(5).collect::<Vec<_>>().join(" "),
        _ => line.to_owned(),
    });
    let listens = |line: &str| {
        let port = line.strip_suffix(" &").and_then(|served| served.rsplit(':').next()).map(str::to_owned);
        port.map(|port| format!("\nlistens {port}")).unwrap_or_default()
    };
    let swaps = setting.swaps.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
    let swaps: Vec<(String, String)> = swaps.chain(standing.swaps.iter().cloned()).collect();
    let swapped = |text: String| swaps.iter().fold(text, |text, (from, to)| text.replace(from, to));
    let lines: Vec<String> = lines.map(swapped).map(|line| format!("{line}{}\n", listens(&line))).collect();
    format!(
        "{SHELL}{SITE}{}\n: >\"$RAN\"\n{}{}",
        swapped(setting.before.to_owned()),
        lines.concat(),
        swapped(setting.after.to_owned())
    )
}

/// Runs a block where its setting says, and returns what went otherwise than it should.
pub(super) fn run(setting: &Setting, block: &Block) -> Vec<String> {
    let Some(standing) = Standing::of(setting) else { return Vec::new() };
    let place = Place::new();
    fs::create_dir_all(place.path("site")).expect("a directory");
    fs::write(place.path("yes"), "yes\nyes\n").expect("an answer");
    let stdin = fs::File::open(place.path("yes")).expect("an answer");
    let mut shell = place.shell(&script(setting, block, &standing));
    let output = shell.envs(standing.variables.clone()).stdin(Stdio::from(stdin)).output().expect("a shell");
    let said = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut wrong: Vec<String> = place.lines("failed").into_iter().map(|line| format!("failed: {line}")).collect();
    let ran = place.lines("ran");
    for line in &ran {
        let (code, words) = line.split_once(' ').unwrap_or((line, ""));
        let expected = setting.ends.iter().find(|(command, _)| words.split(' ').any(|word| word == *command));
        if code != expected.map_or(0, |(_, code)| *code).to_string() {
            wrong.push(format!("rictl {words} ended with {code}"));
        }
    }
    let typed = block.text.lines().any(|line| line.starts_with("rictl ") && !line.ends_with('&'));
    if typed && ran.is_empty() {
        wrong.push("no rictl was run".to_owned());
    }
    wrong.extend(place.lines("cargo-ran").iter().filter_map(|line| tests_nothing(line)));
    if wrong.is_empty() {
        return wrong;
    }
    vec![format!("{}:{}: {}\n{}", block.page, block.line, wrong.join("; "), said())]
}

/// Says so where `cargo test` is to run cases whose names hold a word that none does.
fn tests_nothing(cargo: &str) -> Option<String> {
    let mut words = cargo.strip_prefix("test ")?.split(' ').peekable();
    let mut filters = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "--test" => drop(words.next()),
            _ if word.starts_with('-') => {}
            filter => filters.push(filter),
        }
    }
    let nothing = filters.into_iter().find(|filter| !cases().iter().any(|case| case.contains(filter)))?;
    Some(format!("cargo {cargo}: no case is called {nothing}"))
}

/// The names of the cases of this program.
fn cases() -> &'static [String] {
    static CASES: OnceLock<Vec<String>> = OnceLock::new();
    CASES.get_or_init(|| {
        let this = std::env::current_exe().expect("this program");
        let output = Command::new(this).args(["--list", "--format", "terse"]).output().expect("its cases");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    })
}

/// Returns what of the list is a path that is not in the repository.
pub(super) fn gone() -> Vec<&'static str> {
    let is_gone = |program: &&str| program.contains('/') && !Path::new(&repository().join(program)).exists();
    IDLE.iter().map(|(program, _)| *program).filter(is_gone).collect()
}
