use std::path::PathBuf;

use super::*;

fn environment(home: &std::path::Path) -> Environment {
    Environment::new([("PATH".to_owned(), "/usr/bin:/bin".to_owned())], Some(PathBuf::from(home)))
}

async fn refusal(command: &str) -> String {
    let home = tempfile::tempdir().expect("a temporary directory");
    run(command, &environment(home.path())).await.err().expect("the command gives no profile")
}

#[test]
fn words_are_split_as_by_a_shell_that_does_nothing_else() {
    for (command, words) in [
        ("a b\tc\n", vec!["a", "b", "c"]),
        ("'a b' \"c d\" e\\ f", vec!["a b", "c d", "e f"]),
        (r#"a"b c"'d e'f"#, vec!["ab cd ef"]),
        (r#""a \" \\ \n" '\'"#, vec![r#"a " \ \n"#, r"\"]),
        ("'' \"\"", vec!["", ""]),
        ("$HOME ~ *; `id` $(id) | > x", vec!["$HOME", "~", "*;", "`id`", "$(id)", "|", ">", "x"]),
        ("", vec![]),
    ] {
        assert_eq!(split(command), Ok(words.into_iter().map(str::to_owned).collect()), "{command}");
    }
    for command in ["'a", "a\"", "a\\"] {
        assert!(split(command).is_err(), "{command}");
    }
}

proptest::proptest! {
    #[test]
    fn words_in_single_quotes_come_back_as_they_were(words in proptest::collection::vec("[^']{0,8}", 0..5)) {
        let command: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        proptest::prop_assert_eq!(split(&command.join(" ")), Ok(words));
    }

    #[test]
    fn no_command_makes_the_splitter_panic(command in ".{0,40}") {
        split(&command).ok();
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said_without_the_arguments() {
    assert_eq!(refusal("").await, "process_command is empty");
    assert!(refusal("/no/such/program s3cret").await.starts_with("the command /no/such/program cannot be started"));
    let failed = refusal("sh -c 'exit 3'").await;
    assert_eq!(failed, "the command sh failed with exit status: 3; run it by hand to see why");
    assert_eq!(
        refusal("echo s3cret").await,
        "what the command echo printed is no profile: line 1 column 1 is not what belongs there"
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_end_is_given_up() {
    assert_eq!(refusal("sleep 1000").await, "the command sleep did not end within 60 s");
}

#[tokio::test]
async fn a_command_that_prints_too_much_is_killed_with_its_children() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let command = r#"sh -c 'sleep 1000 & echo $! > "$HOME/child"; yes'"#;
    let refusal = run(command, &environment(home.path())).await.err();
    assert_eq!(refusal.as_deref(), Some("the command sh printed more than 64 KiB"));
    let child = std::fs::read_to_string(home.path().join("child")).expect("the command ran");
    let stat = format!("/proc/{}/stat", child.trim());
    let state = || std::fs::read_to_string(&stat).ok().and_then(|stat| stat.split(' ').nth(2).map(str::to_owned));
    // The kill is on its way; the kernel delivers it without our doing anything.
    while state().is_some_and(|state| state != "Z" && state != "X") {
        std::thread::yield_now();
    }
}
