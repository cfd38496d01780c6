//! What a spec names, and the spec itself where a link leads to it.

use std::os::unix::net::UnixListener;

use super::{Place, SECRET, WORLD, spec};

/// Every command that opens the world of its spec, the last two to act.
const OPENING: [&[&str]; 7] =
    [&["plan"], &["drift"], &["explain", "a"], &["graph"], &["whoami"], &["apply", "-auto-approve"], &["rollback"]];

#[test]
fn a_world_is_opened_only_if_a_regular_file_stands_at_its_name() {
    let place = Place::new();
    place.write("home/world.yaml", WORLD);
    place.link("../home/world.yaml", "checkout/link.yaml");
    place.link("/dev/zero", "checkout/zero.yaml");
    place.link("/proc/self/environ", "checkout/environ.yaml");
    place.fifo("checkout/fifo.yaml");
    let _listener = UnixListener::bind(place.path("checkout/socket.yaml")).unwrap();
    let cases = [
        ("link.yaml", "it is a symlink, not a regular file"),
        ("zero.yaml", "it is a symlink, not a regular file"),
        ("environ.yaml", "it is a symlink, not a regular file"),
        ("fifo.yaml", "it is a FIFO, not a regular file"),
        ("socket.yaml", "it is a socket, not a regular file"),
        (".", "it is a directory, not a regular file"),
        ("/dev/zero", "it is a device, not a regular file"),
        ("/proc/kmsg", "it is a file of the kernel, not a regular file"),
        ("/proc/self/environ", "it is a file of the kernel, not a regular file"),
        ("/dev/stdin", "it is a symlink, not a regular file"),
        ("none.yaml", "there is no world none.yaml"),
    ];
    for (world, reason) in cases {
        place.write("checkout/rictl.yaml", &spec(world, ""));
        let ended = place.rictl(&["plan"]);
        assert_eq!(ended.code, Some(1), "{world}: {ended:?}");
        assert!(ended.text.contains(reason), "{world}: {ended:?}");
    }
    for command in OPENING {
        for world in ["link.yaml", "fifo.yaml", "/dev/zero"] {
            place.write("checkout/rictl.yaml", &spec(world, ""));
            let ended = place.rictl(command);
            assert!(ended.code.is_some() && !ended.text.contains("No changes"), "{command:?} {world}: {ended:?}");
        }
    }
}

#[test]
fn nothing_of_a_file_that_is_no_world_is_repeated() {
    let place = Place::new();
    let worlds = [
        "../home/.ssh/id",
        "../home/.ssh/hosts.yaml",
        "../home/.aliyun/config.json",
        "/proc/self/environ",
        "/proc/self/status",
        "/proc/kmsg",
    ];
    for world in worlds {
        place.write("checkout/rictl.yaml", &spec(world, ""));
        for command in OPENING {
            let ended = place.rictl(command);
            assert!(ended.code.is_some(), "{world} {command:?} hangs");
            for word in [SECRET, "BEGIN KEY", "oauth", "HOME=", "VmPeak"] {
                assert!(!ended.text.contains(word), "{world} {command:?}: {ended:?}");
            }
        }
    }
}

#[test]
fn nothing_of_a_file_that_is_no_state_is_repeated() {
    let place = Place::new();
    place.link("../home/.aliyun/config.json", "checkout/link.json");
    place.fifo("checkout/fifo.json");
    for state in ["../home/.ssh/id", "../home/.aliyun/config.json", "link.json", "fifo.json", "/dev/zero", "/proc/kmsg"]
    {
        place.write("checkout/rictl.yaml", &spec("world.yaml", &format!("state: {{path: {state}}}\n")));
        for command in [&["plan"][..], &["drift"], &["history"], &["show"], &["state", "list"], &["explain", "a"]] {
            let ended = place.rictl(command);
            assert_eq!(ended.code, Some(1), "{state} {command:?}: {ended:?}");
            assert!(!ended.text.contains(SECRET) && !ended.text.contains("BEGIN"), "{state} {command:?}: {ended:?}");
        }
    }
}

#[test]
fn a_spec_is_followed_through_links_and_its_lines_are_not_repeated_then() {
    let place = Place::new();
    place.write("mounted/..now/rictl.yaml", &spec("world.yaml", ""));
    place.write("mounted/..now/world.yaml", WORLD);
    place.link("..now", "mounted/..data");
    place.link("..data/rictl.yaml", "mounted/rictl.yaml");
    place.link("..now/world.yaml", "mounted/world-link.yaml");
    let valid = place.rictl(&["validate", "-f", "../mounted/rictl.yaml"]);
    assert_eq!(valid.code, Some(0), "{valid:?}");

    place.link("../home/.ssh/id", "checkout/id.yaml");
    place.link("../home/.ssh/hosts.yaml", "checkout/hosts.yaml");
    place.link("../home/.aliyun/config.json", "checkout/config.json");
    place.link("../home/.ssh", "checkout/specs");
    for arguments in [
        &["-f", "id.yaml"][..],
        &["-f", "hosts.yaml"],
        &["-f", "config.json"],
        &["-f", "specs"],
        &["-f", "specs/hosts.yaml"],
        &["-f", "specs/../../home/.ssh/hosts.yaml"],
        &["-C", "specs", "-f", "hosts.yaml"],
        &["-C", "specs/../.ssh", "-f", "."],
    ] {
        for command in [&["validate"][..], &["validate", "-json"], &["plan"], &["fmt", "--check"], &["drift", "-json"]]
        {
            let ended = place.rictl(&[arguments, command].concat());
            let is_told = ended.code == Some(1) && ended.text.contains("reached through a link");
            assert!(is_told || command[0] == "fmt", "{arguments:?} {command:?}: {ended:?}");
            for word in [SECRET, "BEGIN KEY", "oauth", "github"] {
                assert!(!ended.text.contains(word), "{arguments:?} {command:?}: {ended:?}");
            }
        }
    }
    let direct = place.rictl(&["validate", "-f", "../home/.ssh/hosts.yaml"]);
    assert!(direct.text.contains("github.com:"), "who names a file is shown its lines: {direct:?}");
}

#[test]
fn what_stands_beside_a_spec_of_a_directory_is_not_waited_for() {
    let place = Place::new();
    place.write("checkout/net/rictl.yaml", &spec("../world.yaml", ""));
    place.fifo("checkout/net/more.json");
    place.link("/dev/zero", "checkout/net/zero.json");
    place.link("/proc/kmsg", "checkout/net/kmsg.json");
    place.link("../../home/.aliyun/config.json", "checkout/net/config.json");
    place.write("checkout/net/odd\u{1b}[2Jname.json", "{\"interfaces\": {}}");
    let ended = place.rictl(&["plan", "-f", "net"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.text.contains('\u{1b}') && ended.text.contains("odd\\x1b[2Jname.json"), "{ended:?}");
    for (name, make) in [("fifo.yaml", true), ("zero.yaml", false)] {
        let name = format!("checkout/net/{name}");
        if make {
            place.fifo(&name)
        } else {
            place.link("/dev/zero", &name)
        }
        let ended = place.rictl(&["plan", "-f", "net"]);
        assert!(ended.code == Some(1) && ended.text.contains("is not a regular file"), "{ended:?}");
        std::fs::remove_file(place.path(&name)).unwrap();
    }
}
