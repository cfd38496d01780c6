//! Access control lists, as Linux keeps them: whom beside its owner and its group a file lets write. Those of NFSv4 are the
//! server's, and are not seen here.

use std::path::Path;

use rustix::fs::lgetxattr;
use rustix::io::Errno;

/// Somebody that a list names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A user.
    User(u32),
    /// A group.
    Group(u32),
}

/// Returns who may write to what stands at `path` because a list names them; nobody where there is no list.
pub(super) fn writers(path: &Path) -> Result<Vec<Named>, Errno> {
    /// No attribute is longer.
    const LONGEST: usize = 64 << 10;
    let mut list = vec![0; LONGEST];
    match lgetxattr(path, c"system.posix_acl_access", &mut list) {
        Ok(length) => Ok(in_list(list.get(..length).unwrap_or_default())),
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOENT) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Reads a list: its version, then entries of tag, permissions and id. What an entry of somebody by name gives is limited by
/// the mask.
fn in_list(list: &[u8]) -> Vec<Named> {
    const VERSION: usize = 4;
    const USER: u16 = 0x02;
    const GROUP: u16 = 0x08;
    const MASK: u16 = 0x10;
    const WRITE: u16 = 2;
    let entries = list.get(VERSION..).unwrap_or_default().chunks_exact(8).map(|entry| {
        let half = |at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
        (half(0), half(2), u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]))
    });
    let mask = entries.clone().find(|(tag, ..)| *tag == MASK).map_or(WRITE, |(_, mask, _)| mask);
    let named = |(tag, permissions, id)| match tag {
        _ if permissions & mask & WRITE == 0 => None,
        USER => Some(Named::User(id)),
        GROUP => Some(Named::Group(id)),
        _ => None,
    };
    entries.filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            list.extend_from_slice(&tag.to_le_bytes());
            list.extend_from_slice(&permissions.to_le_bytes());
            list.extend_from_slice(&id.to_le_bytes());
        }
        list
    }

    #[test]
    fn names_whom_the_mask_lets_write() {
        let entries =
            |mask| list(&[(1, 6, !0), (2, 6, 7), (2, 4, 8), (4, 6, !0), (8, 7, 9), (0x10, mask, !0), (0x20, 0, !0)]);
        assert_eq!(in_list(&entries(7)), [Named::User(7), Named::Group(9)]);
        assert_eq!(in_list(&entries(4)), []);
        // Owner, group and others only: what the mode says.
        assert_eq!(in_list(&list(&[(1, 6, !0), (4, 6, !0), (0x20, 6, !0)])), []);
        assert_eq!(in_list(&[1, 2]), []);
    }
}
