//! What only other processes can show: umasks, races, a killed holder. The child is this test binary again.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use rictl::cloud::Call;
use rictl::history::{Note, close_runs, read_files};
use rictl::journal::{Entry, Journal};
use rictl::store::local::Files;
use rictl::store::{Medium as _, Store, StoreError};
use rustix::fs::Mode;

use super::arrange::{drain, intent, new_state, open_files, refused, started, step};
use super::local::{holder, paths_in};

const ROLE: &str = "RICTL_TEST_ROLE";
const DIR: &str = "RICTL_TEST_DIR";

fn child(role: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["store::processes::plays_a_role", "--exact", "--nocapture"]).env(ROLE, role).env(DIR, dir);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Waits until the child has printed a line that ends with `word`.
fn wait_for(child: &mut Child, word: &str) {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.ends_with(word)), "the child never said {word}");
}

/// The body of every child; without a role it is a test that passes.
#[test]
fn plays_a_role() {
    let Ok(role) = env::var(ROLE) else { return };
    let paths = paths_in(Path::new(&env::var_os(DIR).unwrap()));
    match role.as_str() {
        "umask 000" | "umask 022" => {
            rustix::process::umask(Mode::from_raw_mode(u32::from_str_radix(&role[6..], 8).unwrap()));
            let (mut store, _) = open_files(paths, &holder("a")).unwrap();
            let mut state = new_state();
            for number in 1..=2 {
                store.append(&drain(number, state.serial, "sh-primary")).unwrap();
                close_runs(&mut store, &mut state, &[]).unwrap();
            }
            store.rescue().unwrap();
        }
        "hold" => {
            let (mut store, _) = open_files(paths, &holder("killed")).unwrap();
            store.append(&drain(1, 0, "sh-primary")[..2]).unwrap();
            println!("\nheld");
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        "race" => {
            let mut won = 0;
            while won < 5 {
                match open_files(paths.clone(), &holder("racer")) {
                    Ok((mut store, recorded)) => {
                        let number = u32::try_from(store.run_ids().unwrap().len()).unwrap() + 1;
                        let mut state = recorded.state.unwrap_or_else(new_state);
                        store.append(&drain(number, state.serial, "sh-primary")).unwrap();
                        close_runs(&mut store, &mut state, &[]).unwrap();
                        won += 1;
                    }
                    Err(StoreError::Locked { .. }) => std::thread::yield_now(),
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
        "full disk" => {
            let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
            let steps = [step("link-1", Some(Call::Deactivate)), step("link-2", Some(Call::Activate))];
            store.append(&[started(1, 0, steps.to_vec())]).unwrap();
            let mut entries = steps.iter().cycle().flat_map(|step| [intent(step, 1), refused(step, 2)]);
            let error = entries.by_ref().find_map(|entry| store.append(&[entry]).err()).unwrap();
            assert!(error.to_string().starts_with("cannot append to "), "{error}");
            assert!(matches!(store.append(&[entries.next().unwrap()]), Err(StoreError::Broken { .. })));
            println!("\n{}", store.rescue().unwrap());
        }
        "unprivileged" => {
            let result = open_files(paths, &holder("nobody"));
            assert!(matches!(result, Err(StoreError::Io { .. })), "{result:?}");
        }
        other => panic!("no such role: {other}"),
    }
}

#[test]
fn no_umask_opens_a_file_to_others() {
    for role in ["umask 000", "umask 022"] {
        let dir = tempfile::tempdir().unwrap();
        assert!(child(role, dir.path()).output().unwrap().status.success());
        let state_dir = dir.path().join("state");
        assert_eq!(fs::metadata(&state_dir).unwrap().mode() & 0o7777, 0o700);
        let made =
            fs::read_dir(&state_dir).unwrap().chain(fs::read_dir(dir.path()).unwrap()).map(|entry| entry.unwrap());
        let files: Vec<_> = made.filter(|entry| entry.file_type().unwrap().is_file()).collect();
        assert_eq!(files.len(), 5, "state, backup, journal, lock, rescued");
        for file in files {
            assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600, "{:?}", file.path());
        }
    }
}

#[test]
fn a_killed_holder_is_taken_over_and_its_call_is_still_known() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let mut held = child("hold", dir.path()).spawn().unwrap();
    wait_for(&mut held, "held");
    let error = open_files(paths.clone(), &holder("next")).unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked { holder, .. } if holder.english().starts_with("killed on ")),
        "{error:?}"
    );
    assert_eq!(read_files(&paths).unwrap().running.unwrap().pid, held.id());

    held.kill().unwrap();
    held.wait().unwrap();
    assert_eq!(read_files(&paths).unwrap().running, None);
    let (mut store, recorded) = open_files(paths, &holder("next")).unwrap();
    assert!(
        matches!(&recorded.notes[0], Note::TakenOver(said) if said.english().starts_with("took over the lock of a process that is gone: killed on "))
    );
    let run = store.replay().open_run().unwrap();
    let step = run.open_steps().next().unwrap().0.clone();
    let at = run.started.at;
    let outcome = rictl::journal::Outcome::DoneUnknown;
    store
        .append(&[
            Entry::Closed {
                step: step.id,
                at,
                outcome,
                status: Some(rictl::resource::Status::Inactive),
                because: None,
                uptime: None,
            },
            Entry::Died(rictl::journal::Died { at, resolved_by: super::arrange::run_id(2) }),
        ])
        .unwrap();
    let mut state = new_state();
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!(state.interfaces["sh-primary"].last_action.as_ref().unwrap().outcome, Some(outcome));
}

#[test]
fn many_processes_at_once_are_never_two_writers() {
    let dir = tempfile::tempdir().unwrap();
    let racers: Vec<Child> = (0..6).map(|_| child("race", dir.path()).spawn().unwrap()).collect();
    // Readers see whole files all the while.
    for _ in 0..50 {
        read_files(&paths_in(dir.path())).unwrap();
    }
    for racer in racers {
        assert!(racer.wait_with_output().unwrap().status.success());
    }
    let recorded = read_files(&paths_in(dir.path())).unwrap();
    assert_eq!(recorded.state.unwrap().serial, 30);
    assert_eq!(Files::new(paths_in(dir.path())).runs().unwrap().len(), 30);
    assert_eq!(recorded.notes, Vec::<Note>::new());
}

#[test]
fn a_full_disk_leaves_whole_lines_and_the_rest_in_a_second_place() {
    let dir = tempfile::tempdir().unwrap();
    // The limit on file sizes stands for the disk: a write past it comes back short, then fails.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
    limited
        .args(["store::processes::plays_a_role", "--exact", "--nocapture"])
        .env(ROLE, "full disk")
        .env(DIR, dir.path());
    let output = limited.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let journal = fs::read(paths_in(dir.path()).journal).unwrap();
    let (_, torn) = Journal::decode(&journal).unwrap();
    assert_eq!(torn, None, "the half line was cut back");
    let said = String::from_utf8(output.stdout).unwrap();
    let rescued = said.lines().find(|line| line.contains("/rictl-journal-")).unwrap();
    let whole = [journal, fs::read(rescued).unwrap()].concat();
    assert_eq!(Journal::decode(&whole).unwrap().1, None);
}

#[test]
fn a_directory_without_permission_is_refused_before_anything() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(dir.path().join("state")).unwrap();
    fs::set_permissions(dir.path().join("state"), fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = child("unprivileged", dir.path());
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    assert!(command.output().unwrap().status.success());
    assert_eq!(fs::read_dir(dir.path().join("state")).unwrap().count(), 0);
}
