//! The calls of the C library by which files are changed, passed on to the kernel; what happens below
//! a watched folder is told to `record` on the way.
//!
//! A symbol of the program stands before the same one of a shared library, for the code of SQLite
//! and of the standard library alike.
//!
//! **Invariant:** a call to a file that is not watched does the kernel's call and nothing else: it
//! takes no lock, allocates nothing, and may come from a signal handler.

#![allow(
    unsafe_code,
    reason = "it stands in the place of functions of the C library, which are unsafe"
)]
#![allow(
    clippy::as_conversions,
    reason = "the kernel takes and gives machine words; nothing is lost on the 64-bit systems that we build for"
)]

use std::{ffi::CStr, path::Path};

use libc::{c_char, c_int, c_long, c_uint, c_void, off_t, size_t, ssize_t};

use crate::record::{self, Call, Fate};

/// Fails a call with an error number.
fn fails(errno: c_int) -> c_long {
    // SAFETY: the C library gives each thread a place for its error number that is always valid.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// The failure that a fate means, if it means one.
fn failure(fate: Fate) -> Option<c_long> {
    match fate {
        Fate::Done => None,
        Fate::NoRoom => Some(fails(libc::ENOSPC)),
        Fate::Broken => Some(fails(libc::EIO)),
        Fate::Nothing => Some(0),
    }
}

/// The path that a caller named.
///
/// # Safety
/// `path` is null or ends with a zero byte, as the callers of the C library promise.
unsafe fn named<'a>(path: *const c_char) -> Option<&'a Path> {
    if path.is_null() {
        return None;
    }
    // SAFETY: the caller of the C function promises a string that ends.
    let path = unsafe { CStr::from_ptr(path) };
    path.to_str().ok().map(Path::new)
}

/// Writes at a place, or where the file stands, and tells of it.
///
/// # Safety
/// As of `write(2)`: `from` points to `n` readable bytes.
unsafe fn put(fd: c_int, from: *const c_void, n: size_t, at: Option<off_t>) -> ssize_t {
    let go = || match at {
        // SAFETY: the very arguments of the caller.
        Some(at) => unsafe { libc::syscall(libc::SYS_pwrite64, fd, from, n, at) },
        // SAFETY: the same.
        None => unsafe { libc::syscall(libc::SYS_write, fd, from, n) },
    };
    if !record::is_watched(fd) {
        return go() as ssize_t;
    }
    record::with(|room| {
        if let Some(failed) = failure(room.fate_of(fd, Call::Write)) {
            return failed as ssize_t;
        }
        let done = go();
        if let Ok(len) = usize::try_from(done) {
            // SAFETY: a question about an open file, without memory.
            let after = || unsafe { libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR) };
            let from_byte = at.unwrap_or_else(|| after() - done);
            // SAFETY: the kernel has just read `done` bytes from there.
            let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), len) };
            room.wrote(fd, u64::try_from(from_byte).unwrap_or(0), bytes);
        }
        done as ssize_t
    })
}

/// Reads at a place, or where the file stands.
///
/// # Safety
/// As of `read(2)`: `into` points to `n` writable bytes.
unsafe fn get(fd: c_int, into: *mut c_void, n: size_t, at: Option<off_t>) -> ssize_t {
    if record::is_watched(fd)
        && let Some(failed) = failure(record::with(|room| room.fate_of(fd, Call::Read)))
    {
        return failed as ssize_t;
    }
    let done = match at {
        // SAFETY: the very arguments of the caller.
        Some(at) => unsafe { libc::syscall(libc::SYS_pread64, fd, into, n, at) },
        // SAFETY: the same.
        None => unsafe { libc::syscall(libc::SYS_read, fd, into, n) },
    };
    done as ssize_t
}

/// Opens, and tells of it.
///
/// # Safety
/// As of `open(2)`.
unsafe fn open_any(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the very arguments of the caller.
    let go = || unsafe {
        let flags = flags | libc::O_LARGEFILE;
        libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, flags, mode) as c_int
    };
    if !record::is_any() {
        return go();
    }
    // SAFETY: the caller's promise.
    let Some(named) = (unsafe { named(path) }) else { return go() };
    record::with(|room| {
        let Some((disk, name)) = room.place(named) else { return go() };
        let is_there = named.exists();
        let (makes, cuts) = (flags & libc::O_CREAT != 0, flags & libc::O_TRUNC != 0);
        if makes
            && !is_there
            && let Some(failed) = failure(room.fate(disk, Call::Make))
        {
            return failed as c_int;
        }
        let fd = go();
        if fd >= 0 {
            room.opened(disk, name, fd, named.is_dir(), cuts && is_there);
        }
        fd
    })
}

/// Flushes, or says so: what is watched does not outlive its test.
fn flush(fd: c_int, call: c_long) -> c_int {
    if !record::is_watched(fd) {
        // SAFETY: a call without memory.
        return unsafe { libc::syscall(call, fd) } as c_int;
    }
    record::with(|room| match failure(room.fate_of(fd, Call::Flush)) {
        Some(failed) => {
            room.flush_failed(fd);
            failed as c_int
        }
        None => {
            room.flushed(fd);
            0
        }
    })
}

fn size(fd: c_int, len: off_t) -> c_int {
    // SAFETY: a call without memory.
    let go = || unsafe { libc::syscall(libc::SYS_ftruncate, fd, len) } as c_int;
    if !record::is_watched(fd) {
        return go();
    }
    record::with(|room| {
        if let Some(failed) = failure(room.fate_of(fd, Call::Change)) {
            return failed as c_int;
        }
        let done = go();
        if done == 0 {
            room.sized(fd, u64::try_from(len).unwrap_or(0));
        }
        done
    })
}

/// # Safety
/// As of `write(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, from: *const c_void, n: size_t) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe { put(fd, from, n, None) }
}

/// # Safety
/// As of `pwrite(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(fd: c_int, from: *const c_void, n: size_t, at: off_t) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe { put(fd, from, n, Some(at)) }
}

/// # Safety
/// As of `pwrite(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(fd: c_int, from: *const c_void, n: size_t, at: off_t) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe { put(fd, from, n, Some(at)) }
}

/// # Safety
/// As of `read(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, into: *mut c_void, n: size_t) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe { get(fd, into, n, None) }
}

/// # Safety
/// As of `pread(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pread(fd: c_int, into: *mut c_void, n: size_t, at: off_t) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe { get(fd, into, n, Some(at)) }
}

/// # Safety
/// As of `pread(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pread64(fd: c_int, into: *mut c_void, n: size_t, at: off_t) -> ssize_t {
    // SAFETY: the caller's promise.
    unsafe { get(fd, into, n, Some(at)) }
}

/// The third argument is there only with `O_CREAT` or `O_TMPFILE`; on the systems that we build for it
/// lies in a register either way, and the kernel ignores it without them.
///
/// # Safety
/// As of `open(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { open_any(path, flags, mode) }
}

/// # Safety
/// As of `open(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { open_any(path, flags, mode) }
}

/// # Safety
/// As of `close(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn close(fd: c_int) -> c_int {
    if record::is_watched(fd) {
        record::with(|room| room.closed(fd));
    }
    // SAFETY: the very argument of the caller.
    unsafe { libc::syscall(libc::SYS_close, fd) as c_int }
}

#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    flush(fd, libc::SYS_fsync)
}

#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    flush(fd, libc::SYS_fdatasync)
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate(fd: c_int, len: off_t) -> c_int {
    size(fd, len)
}

#[unsafe(no_mangle)]
extern "C" fn ftruncate64(fd: c_int, len: off_t) -> c_int {
    size(fd, len)
}

/// # Safety
/// As of `unlink(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the very argument of the caller.
    let go = || unsafe { libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, path, 0) as c_int };
    if !record::is_any() {
        return go();
    }
    // SAFETY: the caller's promise.
    let Some(named) = (unsafe { named(path) }) else { return go() };
    record::with(|room| {
        let Some((disk, name)) = room.place(named) else { return go() };
        if let Some(failed) = failure(room.fate(disk, Call::Change)) {
            return failed as c_int;
        }
        let done = go();
        if done == 0 {
            room.unnamed(disk, name);
        }
        done
    })
}

/// # Safety
/// As of `rename(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the very arguments of the caller.
    let go = || unsafe {
        let here = libc::AT_FDCWD;
        libc::syscall(libc::SYS_renameat2, here, from, here, to, 0) as c_int
    };
    if !record::is_any() {
        return go();
    }
    // SAFETY: the caller's promise, for both.
    let (Some(old), Some(new)) = (unsafe { (named(from), named(to)) }) else { return go() };
    record::with(|room| {
        let (Some((disk, old)), Some((_, new))) = (room.place(old), room.place(new)) else {
            return go();
        };
        if let Some(failed) = failure(room.fate(disk, Call::Change)) {
            return failed as c_int;
        }
        let done = go();
        if done == 0 {
            room.renamed(disk, old, new);
        }
        done
    })
}
