//! Which folders are watched, what was done in them in which order, and which call shall fail.
//!
//! **Invariant:** one lock is held over a call and its record, so steps stand in the order in which
//! they took effect, whatever threads do.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// A file, whatever its names are.
pub type FileId = u64;

/// Something that was done to a disk. Paths are relative to the watched folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It lay there when the watch began, on the disk for sure.
    WasThere {
        /// Its name.
        path: String,
        /// Which file.
        file: FileId,
        /// What it held.
        bytes: Arc<[u8]>,
    },
    /// A name came to be, or means another file now.
    Named {
        /// Which.
        path: String,
        /// What it means.
        file: FileId,
    },
    /// A name is gone.
    Unnamed {
        /// Which.
        path: String,
    },
    /// A name became another, over what had it.
    Renamed {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
        /// What both meant.
        file: FileId,
    },
    /// Bytes were written.
    Wrote {
        /// Where.
        file: FileId,
        /// From which byte on.
        at: u64,
        /// Which.
        bytes: Arc<[u8]>,
    },
    /// A file got another length.
    Sized {
        /// Which.
        file: FileId,
        /// Bytes.
        len: u64,
    },
    /// A file's bytes are on the disk for sure.
    Flushed {
        /// Which.
        file: FileId,
    },
    /// A flush of a file failed: what was written to it and not flushed may be lost, though whoever
    /// reads it sees it, and though a later flush says that all is well.
    FlushFailed {
        /// Which.
        file: FileId,
    },
    /// A folder's names are on the disk for sure.
    FlushedNames {
        /// Which; empty for the watched one.
        folder: String,
    },
    /// The test said that somebody was told something.
    Told(u64),
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No room for what is written (`ENOSPC`).
    Full,
    /// A change of any kind fails (`EIO`).
    WriteFails,
    /// A flush fails (`EIO`).
    FlushFails,
    /// A read fails (`EIO`).
    ReadFails,
    /// A read finds the end of the file.
    ReadsNothing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Full, Self::WriteFails, Self::FlushFails, Self::ReadFails, Self::ReadsNothing];

    const fn concerns(self, call: Call) -> bool {
        matches!(
            (self, call),
            (Self::Full, Call::Write | Call::Make)
                | (Self::WriteFails, Call::Write | Call::Make | Call::Change)
                | (Self::FlushFails, Call::Flush)
                | (Self::ReadFails | Self::ReadsNothing, Call::Read)
        )
    }
}

/// Which call shall fail.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// How.
    pub kind: Kind,
    /// The how many-th call from now that may fail in this way; 0 for the next.
    pub after: u64,
    /// Whether all such calls after it fail too, until `Disk::heal`.
    pub lasts: bool,
}

/// What is asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Bytes into a file.
    Write,
    /// Bytes out of a file.
    Read,
    /// A new file.
    Make,
    /// A length, a name.
    Change,
    /// A flush.
    Flush,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Done,
    /// It fails: there is no room.
    NoRoom,
    /// It fails: input or output error.
    Broken,
    /// Nothing is read.
    Nothing,
}

/// A folder that is watched until this is dropped.
#[derive(Debug)]
pub struct Disk {
    id: u64,
}

/// A watched folder.
#[derive(Debug)]
struct Watch {
    folder: PathBuf,
    steps: Vec<Step>,
    names: BTreeMap<String, FileId>,
    next_file: FileId,
    failure: Option<Failure>,
    has_failed: bool,
    calls: u64,
}

/// What an open file of a watched folder is.
#[derive(Clone, Debug)]
enum Open {
    File(FileId),
    Folder(String),
}

/// All that is watched in this process.
#[derive(Debug, Default)]
pub(crate) struct Room {
    watches: BTreeMap<u64, Watch>,
    open: HashMap<i32, (u64, Open)>,
    next: u64,
}

static ROOM: Mutex<Option<Room>> = Mutex::new(None);

/// Open files below this number can be watched; more than any test opens.
const FDS_MAX: usize = 65_536;

/// One bit for each open file of a watched folder, so that all other calls pass without a lock.
static WATCHED: [AtomicU64; FDS_MAX / 64] = [const { AtomicU64::new(0) }; FDS_MAX / 64];

/// How many folders are watched.
static N_WATCHES: AtomicU64 = AtomicU64::new(0);

/// Whether any folder is watched.
pub(crate) fn is_any() -> bool {
    N_WATCHES.load(Ordering::SeqCst) > 0
}

fn word(fd: i32) -> Option<(&'static AtomicU64, u64)> {
    let fd = usize::try_from(fd).ok()?;
    Some((WATCHED.get(fd / 64)?, 1 << (fd % 64)))
}

/// Whether an open file belongs to a watched folder.
pub(crate) fn is_watched(fd: i32) -> bool {
    word(fd).is_some_and(|(word, bit)| word.load(Ordering::SeqCst) & bit != 0)
}

/// Everything that is watched, for as long as one call takes.
pub(crate) fn with<T>(work: impl FnOnce(&mut Room) -> T) -> T {
    let mut room: MutexGuard<'_, Option<Room>> =
        ROOM.lock().unwrap_or_else(PoisonError::into_inner);
    work(room.get_or_insert_default())
}

impl Room {
    /// The watched folder that a path lies in, and its name there. SQLite's shared memory is none:
    /// it is written past every call, and made anew after a start.
    pub(crate) fn place(&self, path: &Path) -> Option<(u64, String)> {
        let (id, watch) = self.watches.iter().find(|(_, watch)| path.starts_with(&watch.folder))?;
        let name = path.strip_prefix(&watch.folder).ok()?.to_str()?.to_owned();
        (!name.ends_with("-shm")).then_some((*id, name))
    }

    /// What becomes of a call in a watched folder.
    pub(crate) fn fate(&mut self, disk: u64, call: Call) -> Fate {
        let Some(watch) = self.watches.get_mut(&disk) else { return Fate::Done };
        watch.calls += 1;
        let Some(failure) = &mut watch.failure else { return Fate::Done };
        if !failure.kind.concerns(call) {
            return Fate::Done;
        }
        if failure.after > 0 {
            failure.after -= 1;
            return Fate::Done;
        }
        let kind = failure.kind;
        if !failure.lasts {
            watch.failure = None;
        }
        watch.has_failed = true;
        match kind {
            Kind::Full => Fate::NoRoom,
            Kind::WriteFails | Kind::FlushFails | Kind::ReadFails => Fate::Broken,
            Kind::ReadsNothing => Fate::Nothing,
        }
    }

    /// The same for an open file.
    pub(crate) fn fate_of(&mut self, fd: i32, call: Call) -> Fate {
        match self.open.get(&fd).map(|(disk, _)| *disk) {
            Some(disk) => self.fate(disk, call),
            None => Fate::Done,
        }
    }

    /// A file or folder was opened.
    pub(crate) fn opened(&mut self, disk: u64, name: String, fd: i32, is_folder: bool, cut: bool) {
        let Some(watch) = self.watches.get_mut(&disk) else { return };
        let open = if is_folder {
            Open::Folder(name)
        } else {
            let file = match watch.names.get(&name) {
                Some(file) => {
                    if cut {
                        watch.steps.push(Step::Sized { file: *file, len: 0 });
                    }
                    *file
                }
                None => watch.name(name),
            };
            Open::File(file)
        };
        self.open.insert(fd, (disk, open));
        if let Some((word, bit)) = word(fd) {
            word.fetch_or(bit, Ordering::SeqCst);
        }
    }

    /// An open file is closed.
    pub(crate) fn closed(&mut self, fd: i32) {
        self.open.remove(&fd);
        if let Some((word, bit)) = word(fd) {
            word.fetch_and(!bit, Ordering::SeqCst);
        }
    }

    fn push(&mut self, fd: i32, step: impl FnOnce(FileId) -> Step) {
        if let Some((disk, Open::File(file))) = self.open.get(&fd)
            && let Some(watch) = self.watches.get_mut(disk)
        {
            watch.steps.push(step(*file));
        }
    }

    /// Bytes were written.
    pub(crate) fn wrote(&mut self, fd: i32, at: u64, bytes: &[u8]) {
        self.push(fd, |file| Step::Wrote { file, at, bytes: bytes.into() });
    }

    /// A file got another length.
    pub(crate) fn sized(&mut self, fd: i32, len: u64) {
        self.push(fd, |file| Step::Sized { file, len });
    }

    /// A file or folder was flushed.
    pub(crate) fn flushed(&mut self, fd: i32) {
        let Some((disk, open)) = self.open.get(&fd).cloned() else { return };
        let Some(watch) = self.watches.get_mut(&disk) else { return };
        watch.steps.push(match open {
            Open::File(file) => Step::Flushed { file },
            Open::Folder(folder) => Step::FlushedNames { folder },
        });
    }

    /// A flush of a file failed.
    pub(crate) fn flush_failed(&mut self, fd: i32) {
        self.push(fd, |file| Step::FlushFailed { file });
    }

    /// A name is gone.
    pub(crate) fn unnamed(&mut self, disk: u64, path: String) {
        let Some(watch) = self.watches.get_mut(&disk) else { return };
        if watch.names.remove(&path).is_some() {
            watch.steps.push(Step::Unnamed { path });
        }
    }

    /// A name became another.
    pub(crate) fn renamed(&mut self, disk: u64, from: String, to: String) {
        let Some(watch) = self.watches.get_mut(&disk) else { return };
        if let Some(file) = watch.names.remove(&from) {
            watch.names.insert(to.clone(), file);
            watch.steps.push(Step::Renamed { from, to, file });
        }
    }
}

impl Watch {
    fn name(&mut self, path: String) -> FileId {
        let file = self.next(path.clone());
        self.steps.push(Step::Named { path, file });
        file
    }

    fn next(&mut self, path: String) -> FileId {
        let file = self.next_file;
        self.next_file += 1;
        self.names.insert(path, file);
        file
    }
}

impl Disk {
    /// Watches a folder from now on. What lies there already is on the disk for sure.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn watch(folder: &Path) -> std::io::Result<Self> {
        let folder = folder.canonicalize()?;
        let mut watch = Watch {
            folder: folder.clone(),
            steps: Vec::new(),
            names: BTreeMap::new(),
            next_file: 0,
            failure: None,
            has_failed: false,
            calls: 0,
        };
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type()?.is_file() && !name.ends_with("-shm") {
                let bytes = std::fs::read(entry.path())?.into();
                let file = watch.next(name.clone());
                watch.steps.push(Step::WasThere { path: name, file, bytes });
            }
        }
        let id = with(|room| {
            room.next += 1;
            room.watches.insert(room.next, watch);
            room.next
        });
        N_WATCHES.fetch_add(1, Ordering::SeqCst);
        Ok(Self { id })
    }

    fn on<T: Default>(&self, work: impl FnOnce(&mut Watch) -> T) -> T {
        with(|room| room.watches.get_mut(&self.id).map(work).unwrap_or_default())
    }

    /// Writes down that somebody was told something just now.
    pub fn told(&self, what: u64) {
        self.on(|watch| watch.steps.push(Step::Told(what)));
    }

    /// What was done so far.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.on(|watch| watch.steps.clone())
    }

    /// How many calls of the disk there were.
    #[must_use]
    pub fn n_calls(&self) -> u64 {
        self.on(|watch| watch.calls)
    }

    /// Lets a call fail.
    pub fn fail(&self, failure: Failure) {
        self.on(|watch| {
            watch.failure = Some(failure);
            watch.has_failed = false;
        });
    }

    /// Lets no call fail any more; says whether one did.
    pub fn heal(&self) -> bool {
        self.on(|watch| {
            watch.failure = None;
            std::mem::take(&mut watch.has_failed)
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        N_WATCHES.fetch_sub(1, Ordering::SeqCst);
        with(|room| {
            room.watches.remove(&self.id);
            let own: Vec<i32> = room
                .open
                .iter()
                .filter(|(_, (disk, _))| *disk == self.id)
                .map(|(fd, _)| *fd)
                .collect();
            own.into_iter().for_each(|fd| room.closed(fd));
        });
    }
}
