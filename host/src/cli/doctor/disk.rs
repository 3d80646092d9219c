//! What the file system says of a directory. What a platform cannot tell is `None`, never a guess.

use std::io;
use std::path::Path;

/// Makes a file there and takes it away again: permission bits alone do not tell on network file systems.
pub(super) fn try_to_write(dir: &Path) -> io::Result<()> {
    let path = dir.join(format!(".farmhand-doctor-{}", std::process::id()));
    std::fs::File::create_new(&path)?;
    std::fs::remove_file(&path)
}

/// Bytes that this user may still write.
#[cfg(unix)]
pub(super) fn free_bytes(dir: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(dir).ok()?;
    #[expect(clippy::useless_conversion, reason = "the widths of these fields differ by platform")]
    Some(u64::from(stat.blocks_available()) * u64::from(stat.fragment_size()))
}

#[cfg(not(unix))]
pub(super) fn free_bytes(_dir: &Path) -> Option<u64> {
    None
}

/// The name of the network file system that a directory is on, where it is on one.
#[cfg(target_os = "linux")]
pub(super) fn network_file_system(dir: &Path) -> Option<&'static str> {
    use nix::sys::statfs::{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, statfs};
    /// Both of the newer SMB clients, which the C library has no names for.
    const CIFS: [i64; 2] = [0xFF53_4D42, 0xFE53_4D42];
    let kind = statfs(dir).ok()?.filesystem_type();
    match kind {
        NFS_SUPER_MAGIC => Some("NFS"),
        SMB_SUPER_MAGIC => Some("SMB"),
        other if CIFS.contains(&i64::from(other.0 as u32)) => Some("SMB"),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn network_file_system(_dir: &Path) -> Option<&'static str> {
    None
}

/// Whether somebody besides its owner can read a file.
#[cfg(unix)]
pub(super) fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
pub(super) fn others_can_read(_file: &Path) -> bool {
    false
}
