//! The files of a ledger: who may read them, and where they may be.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The folder of a file.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// The file that a symbolic link stands for: what is beside a ledger is beside this one, as SQLite
/// has it.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    match fs::canonicalize(path) {
        Ok(file) if path.is_symlink() => file,
        _ => path.to_path_buf(),
    }
}

/// Makes a folder that only its owner can read, and those above it. One that exists is left as it
/// is.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a file that only its owner can read. One that exists is left as it is.
pub(crate) fn create_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    match for_owner_only(&mut options).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Files that are made so can be read by their owner alone.
pub(crate) fn for_owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// The kind of a file system that several machines may use at once, or that a program serves.
#[cfg(target_os = "linux")]
pub(crate) fn network_kind(folder: &Path) -> Option<&'static str> {
    // On 32 bits the numbers are signed: compared as 32 bits, they are the same.
    let number = rustix::fs::statfs(folder).ok()?.f_type as u32;
    KINDS
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, kind)| *kind)
}

/// The magic numbers of statfs(2).
#[cfg(target_os = "linux")]
const KINDS: [(u32, &str); 10] = [
    (0x0000_6969, "a network share (NFS)"),
    (0x0000_517B, "a network share (SMB)"),
    (0xFF53_4D42, "a network share (CIFS)"),
    (0xFE53_4D42, "a network share (SMB2)"),
    (0x5346_414F, "a network share (AFS)"),
    (0x00C3_6400, "a network share (Ceph)"),
    (0x0BD0_0BD0, "a network share (Lustre)"),
    (0x4750_4653, "a network share (GPFS)"),
    (0x0102_1997, "a share of another system (9P)"),
    (0x6573_5546, "a file system of a program (FUSE)"),
];

/// Elsewhere it is not known.
#[cfg(not(target_os = "linux"))]
pub(crate) fn network_kind(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_local_folder_is_no_share_and_what_is_missing_is_none_either() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(network_kind(folder.path()), None);
        assert_eq!(network_kind(Path::new("/no/such/folder")), None);
    }
}
