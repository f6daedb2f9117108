//! What a disk holds after its power was cut.
//!
//! A flush that fails is believed as a kernel means it: what was written before it is taken for
//! clean from then on, so a later flush that succeeds says nothing of it. It is there or not until
//! somebody writes over it and flushes that.
//!
//! **Invariant:** what was flushed is there; of the rest each write, each half kilobyte of it and
//! each name is there or not, and nothing else changes.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use crate::{Dice, Step, record::FileId};

/// What a disk writes at once, or not.
const SECTOR_BYTES: u64 = 512;

/// What becomes of all that was not flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing of it is there.
    Nothing,
    /// All of it is there.
    Everything,
    /// Some of the writes are there, in any order.
    SomeWrites,
    /// Some half kilobytes of the writes are there; some of the others are garbage.
    SomeSectors,
}

impl Cut {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Nothing, Self::Everything, Self::SomeWrites, Self::SomeSectors];
}

/// A change that is not flushed.
#[derive(Clone, Debug)]
enum Change {
    Wrote { at: u64, bytes: Arc<[u8]> },
    Sized(u64),
}

/// A change of names that is not flushed.
#[derive(Clone, Debug)]
enum Naming {
    Named(String, FileId),
    Unnamed(String),
    Renamed { from: String, to: String, file: FileId },
}

#[derive(Clone, Debug, Default)]
struct File {
    flushed: Vec<u8>,
    /// Older than all of `later`: written, not flushed, and taken for clean after a flush that failed.
    given_up: Vec<(u64, Vec<u8>)>,
    later: Vec<Change>,
}

/// A disk that goes through what was done to it, step by step.
#[derive(Debug)]
pub struct Replay<'a> {
    steps: &'a [Step],
    passed: usize,
    files: HashMap<FileId, File>,
    names: BTreeMap<String, FileId>,
    renaming: Vec<Naming>,
    told: Vec<u64>,
}

/// What a disk holds after a cut.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The files by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl<'a> Replay<'a> {
    /// A disk at its beginning.
    #[must_use]
    pub fn new(steps: &'a [Step]) -> Self {
        let mut replay = Self {
            steps,
            passed: 0,
            files: HashMap::new(),
            names: BTreeMap::new(),
            renaming: Vec::new(),
            told: Vec::new(),
        };
        // What lay there before anything was done is there at every moment.
        replay.pass(steps.iter().take_while(|step| matches!(step, Step::WasThere { .. })).count());
        replay
    }

    /// What was told to somebody before this moment.
    #[must_use]
    pub fn told(&self) -> &[u64] {
        &self.told
    }

    /// Goes on until so many steps are done; never back.
    pub fn pass(&mut self, steps: usize) {
        let all: &'a [Step] = self.steps;
        for step in all.iter().take(steps).skip(self.passed) {
            self.take(step);
        }
        self.passed = self.passed.max(steps.min(all.len()));
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::WasThere { path, file, bytes } => {
                let there = File { flushed: bytes.to_vec(), ..File::default() };
                self.files.insert(*file, there);
                self.names.insert(path.clone(), *file);
            }
            Step::Named { path, file } => {
                self.files.entry(*file).or_default();
                self.renaming.push(Naming::Named(path.clone(), *file));
            }
            Step::Unnamed { path } => self.renaming.push(Naming::Unnamed(path.clone())),
            Step::Renamed { from, to, file } => {
                let (from, to, file) = (from.clone(), to.clone(), *file);
                self.renaming.push(Naming::Renamed { from, to, file });
            }
            Step::Wrote { file, at, bytes } => {
                let change = Change::Wrote { at: *at, bytes: Arc::clone(bytes) };
                self.files.entry(*file).or_default().later.push(change);
            }
            Step::Sized { file, len } => {
                self.files.entry(*file).or_default().later.push(Change::Sized(*len));
            }
            Step::Flushed { file } => {
                self.files.entry(*file).or_default().flush();
            }
            Step::FlushFailed { file } => {
                self.files.entry(*file).or_default().give_up();
            }
            Step::FlushedNames { folder } => {
                let (here, elsewhere) = std::mem::take(&mut self.renaming)
                    .into_iter()
                    .partition(|naming| naming.is_in(folder));
                self.renaming = elsewhere;
                for naming in here {
                    rename(&mut self.names, &naming);
                }
            }
            Step::Told(what) => self.told.push(*what),
        }
    }

    /// What is on the disk when the power is cut now.
    #[must_use]
    pub fn cut(&self, cut: Cut, dice: &mut Dice) -> Image {
        let mut names = self.names.clone();
        for naming in &self.renaming {
            let is_there = match cut {
                Cut::Nothing => false,
                Cut::Everything => true,
                Cut::SomeWrites | Cut::SomeSectors => dice.once_in(2),
            };
            if is_there {
                rename(&mut names, naming);
            }
        }
        let mut files = BTreeMap::new();
        for (name, id) in names {
            let file = self.files.get(&id).cloned().unwrap_or_default();
            files.insert(name, file.after(cut, dice));
        }
        Image { files }
    }
}

impl File {
    /// All that was written since the last flush is on the disk now.
    fn flush(&mut self) {
        for change in std::mem::take(&mut self.later) {
            whole(&mut self.flushed, &change);
            match &change {
                Change::Wrote { at, bytes } => {
                    let end = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
                    self.spare_what_lies_in(*at..end);
                }
                Change::Sized(len) => self.spare_what_lies_in(*len..u64::MAX),
            }
        }
    }

    /// All that was written since the last flush is taken for clean, and is not. A length is no page.
    fn give_up(&mut self) {
        for change in std::mem::take(&mut self.later) {
            match change {
                Change::Wrote { at, bytes } => self.given_up.push((at, bytes.to_vec())),
                sized @ Change::Sized(_) => self.later.push(sized),
            }
        }
    }

    /// What was given up is written over here.
    fn spare_what_lies_in(&mut self, range: std::ops::Range<u64>) {
        for (at, bytes) in std::mem::take(&mut self.given_up) {
            let end = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(0));
            let (from, to) = (range.start.clamp(at, end), range.end.clamp(at, end));
            let pieces = [(at, bytes.get(..length(from - at))), (to, bytes.get(length(to - at)..))];
            let kept = pieces.into_iter().filter_map(|(at, piece)| Some((at, piece?.to_vec())));
            self.given_up.extend(kept.filter(|(_, piece)| !piece.is_empty()));
        }
    }

    fn after(self, cut: Cut, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.flushed;
        for (at, given_up) in self.given_up {
            let is_there = match cut {
                Cut::Nothing => false,
                Cut::Everything => true,
                Cut::SomeWrites | Cut::SomeSectors => dice.once_in(2),
            };
            if is_there {
                lay(&mut bytes, at, &given_up);
            }
        }
        for change in &self.later {
            match (cut, change) {
                (Cut::Nothing, _) => {}
                (Cut::Everything, _) => whole(&mut bytes, change),
                (Cut::SomeSectors, Change::Wrote { at, bytes: written }) => {
                    sectors(&mut bytes, *at, written, dice);
                }
                (Cut::SomeWrites, _) | (Cut::SomeSectors, Change::Sized(_)) => {
                    if dice.once_in(2) {
                        whole(&mut bytes, change);
                    }
                }
            }
        }
        bytes
    }
}

impl Naming {
    fn is_in(&self, folder: &str) -> bool {
        let (Self::Named(name, _) | Self::Unnamed(name) | Self::Renamed { to: name, .. }) = self;
        name.rsplit_once('/').map_or("", |(parent, _)| parent) == folder
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, naming: &Naming) {
    match naming {
        Naming::Named(name, file) => {
            names.insert(name.clone(), *file);
        }
        Naming::Unnamed(name) => {
            names.remove(name);
        }
        Naming::Renamed { from, to, file } => {
            if names.get(from) == Some(file) {
                names.remove(from);
            }
            names.insert(to.clone(), *file);
        }
    }
}

fn length(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// Puts bytes into a file, longer than before if need be.
fn lay(into: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = length(at);
    let end = at.saturating_add(bytes.len());
    if into.len() < end {
        into.resize(end, 0);
    }
    if let Some(place) = into.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}

fn whole(into: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Wrote { at, bytes } => lay(into, *at, bytes),
        Change::Sized(len) => into.resize(length(*len), 0),
    }
}

/// Some half kilobytes of a write, as the disk divides itself.
fn sectors(into: &mut Vec<u8>, at: u64, bytes: &[u8], dice: &mut Dice) {
    let mut from = at;
    let mut rest = bytes;
    while !rest.is_empty() {
        let room = length(SECTOR_BYTES - from % SECTOR_BYTES).min(rest.len());
        let (piece, later) = rest.split_at(room);
        if dice.once_in(2) {
            lay(into, from, piece);
        } else if dice.once_in(8) {
            let garbage: Vec<u8> = piece.iter().map(|byte| byte ^ garbled(dice)).collect();
            lay(into, from, &garbage);
        }
        from += u64::try_from(room).unwrap_or(0);
        rest = later;
    }
}

fn garbled(dice: &mut Dice) -> u8 {
    u8::try_from(dice.any() & 0xFF).unwrap_or(0)
}

impl Image {
    /// Writes the files into a folder, and takes away what else lies there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn lay(&self, folder: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if !self.files.contains_key(entry.file_name().to_string_lossy().as_ref()) {
                std::fs::remove_file(entry.path())?;
            }
        }
        for (name, bytes) in &self.files {
            std::fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}
