//! What a file lies on, as the kernel's list of mounts tells: whether other machines write there too, and whether locks
//! reach them.

use std::fs;

/// One entry of the list of mounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mount {
    /// The type of the file system; empty where it is not known.
    kind: String,
    /// Its options, those of the mount and those of the file system.
    options: Vec<String>,
}

impl Mount {
    /// Finds the mount of the device `dev`; one that is not listed counts as this machine's own.
    pub(super) fn of(dev: u64) -> Self {
        Self::in_list(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default(), dev)
    }

    /// Finds a device in the text of `/proc/self/mountinfo`:
    /// `36 35 0:41 / /mnt rw,noatime shared:1 - nfs4 server:/x rw,vers=4.2,local_lock=none`.
    fn in_list(list: &str, dev: u64) -> Self {
        let device = format!("{}:{}", rustix::fs::major(dev), rustix::fs::minor(dev));
        let entry = |line: &str| {
            let (mount, system) = line.split_once(" - ")?;
            let mut mount = mount.split_ascii_whitespace().skip(2);
            let is_it = mount.next() == Some(device.as_str());
            let mut system = system.split_ascii_whitespace();
            let kind = system.next().filter(|_| is_it)?.to_owned();
            let options = mount.nth(2).into_iter().chain(system.nth(1)).flat_map(|options| options.split(','));
            Some(Self { kind, options: options.map(str::to_owned).collect() })
        };
        list.lines().find_map(entry).unwrap_or_default()
    }

    /// Returns whether other machines may write there too.
    pub(super) fn is_shared(&self) -> bool {
        const SHARED: [&str; 17] = [
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "drvfs",
            "gfs2",
            "glusterfs",
            "gpfs",
            "lustre",
            "nfs",
            "nfs4",
            "ocfs2",
            "smb3",
            "smbfs",
            "vboxsf",
            "virtiofs",
        ];
        SHARED.contains(&self.kind.as_str()) || self.kind == "fuse" || self.kind.starts_with("fuse.")
    }

    /// Returns the option that keeps locks from reaching the other machines, if one does.
    pub(super) fn lock_breaker(&self) -> Option<&str> {
        let is_nfs = matches!(self.kind.as_str(), "nfs" | "nfs4");
        let breaks = |option: &&String| matches!(option.as_str(), "nolock" | "local_lock=all" | "local_lock=flock");
        self.options.iter().filter(|_| is_nfs).find(breaks).map(String::as_str)
    }

    #[cfg(test)]
    pub(super) fn unlockable_for_tests() -> Self {
        Self { kind: "nfs".to_owned(), options: vec!["nolock".to_owned()] }
    }

    #[cfg(test)]
    pub(super) fn shared_for_tests() -> Self {
        Self { kind: "nfs4".to_owned(), options: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::Mount;

    const LIST: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
36 22 0:41 / /srv/a\\040b rw,noatime shared:9 - nfs4 server:/x rw,vers=4.2,local_lock=none
37 22 0:42 / /srv/old rw - nfs server:/y rw,vers=3,nolock,local_lock=all
38 22 0:43 / /home/ann/far rw master:3 - fuse.sshfs ann@far:/ rw,user_id=1000
";

    #[test]
    fn tells_what_other_machines_write_to_and_what_locks_do_not_reach() {
        let of = |minor: u32| Mount::in_list(LIST, rustix::fs::makedev(if minor == 1 { 8 } else { 0 }, minor));
        let shared = [1, 41, 42, 43, 99].map(|minor| of(minor).is_shared());
        assert_eq!(shared, [false, true, true, true, false]);
        let breakers = [1, 41, 42, 43].map(|minor| of(minor).lock_breaker().map(str::to_owned));
        assert_eq!(breakers, [None, None, Some("nolock".to_owned()), None]);
    }
}
