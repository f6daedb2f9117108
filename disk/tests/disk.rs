//! A disk of tests does what a disk does, and nothing less.

#![expect(clippy::unwrap_used, reason = "helpers of tests may do what tests may")]

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

use disk::{Cut, Dice, Disk, Failure, Image, Kind, Replay};

fn cut(disk: &Disk, cut: Cut) -> Image {
    let steps = disk.steps();
    let mut replay = Replay::new(&steps);
    replay.pass(steps.len());
    replay.cut(cut, &mut Dice::new(1))
}

fn text(image: &Image, name: &str) -> Option<String> {
    image.files.get(name).map(|bytes| String::from_utf8(bytes.clone()).unwrap())
}

fn flush_folder(folder: &Path) {
    File::open(folder).unwrap().sync_all().unwrap();
}

#[test]
fn what_was_flushed_survives_a_cut_and_the_rest_may_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("before"), "old").unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let mut file = File::create(folder.path().join("log")).unwrap();
    file.write_all(b"one").unwrap();
    assert_eq!(text(&cut(&disk, Cut::Everything), "log").as_deref(), Some("one"));
    assert_eq!(text(&cut(&disk, Cut::Nothing), "log"), None);
    file.sync_data().unwrap();
    assert_eq!(text(&cut(&disk, Cut::Nothing), "log"), None, "its name was not flushed");
    flush_folder(folder.path());
    file.write_all(b"two").unwrap();
    file.write_all_at(b"O", 0).unwrap();
    assert_eq!(text(&cut(&disk, Cut::Nothing), "log").as_deref(), Some("one"));
    assert_eq!(text(&cut(&disk, Cut::Everything), "log").as_deref(), Some("Onetwo"));
    file.set_len(2).unwrap();
    file.sync_all().unwrap();
    assert_eq!(text(&cut(&disk, Cut::Nothing), "log").as_deref(), Some("On"));
    assert_eq!(text(&cut(&disk, Cut::Nothing), "before").as_deref(), Some("old"));
}

#[test]
fn a_rename_is_whole_or_not_at_all_and_a_deleted_file_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("current"), "old").unwrap();
    fs::write(path("gone"), "x").unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let mut next = File::create(path("next")).unwrap();
    next.write_all(b"new").unwrap();
    next.sync_all().unwrap();
    fs::rename(path("next"), path("current")).unwrap();
    fs::remove_file(path("gone")).unwrap();
    let before = cut(&disk, Cut::Nothing);
    assert_eq!(text(&before, "current").as_deref(), Some("old"));
    assert!(before.files.contains_key("gone") && !before.files.contains_key("next"));
    flush_folder(folder.path());
    let after = cut(&disk, Cut::Nothing);
    assert_eq!(text(&after, "current").as_deref(), Some("new"));
    assert_eq!(after.files.len(), 1);
}

#[test]
fn what_lay_there_when_the_watch_began_is_there_at_every_moment() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "one").unwrap();
    fs::write(folder.path().join("b"), "two").unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    fs::remove_file(folder.path().join("a")).unwrap();
    let steps = disk.steps();
    for moment in 0..steps.len() {
        let mut replay = Replay::new(&steps);
        replay.pass(moment);
        for seed in 0..20 {
            for cut in Cut::ALL {
                let image = replay.cut(cut, &mut Dice::new(seed));
                let found = ["a", "b"].map(|name| text(&image, name));
                let expected = ["one", "two"].map(|text| Some(text.to_owned()));
                assert_eq!(found, expected, "{cut:?} before step {moment}");
            }
        }
    }
}

/// As a pointer is changed: written aside, flushed, renamed, and the folder flushed.
#[test]
fn at_every_moment_of_a_rename_the_name_means_one_of_both_files_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("current"), "0").unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    for turn in 1..=5 {
        let mut next = File::create(path("next")).unwrap();
        next.write_all(turn.to_string().as_bytes()).unwrap();
        next.sync_all().unwrap();
        fs::rename(path("next"), path("current")).unwrap();
        disk.told(turn);
        flush_folder(folder.path());
        disk.told(100 + turn);
    }
    let steps = disk.steps();
    let mut replay = Replay::new(&steps);
    for moment in 0..=steps.len() {
        replay.pass(moment);
        let newest = |of: &dyn Fn(&u64) -> bool| {
            replay.told().iter().copied().filter(of).map(|turn| turn % 100).max().unwrap_or(0)
        };
        let (renamed, flushed) = (newest(&|turn| *turn < 100), newest(&|turn| *turn > 100));
        for seed in 0..50 {
            for cut in Cut::ALL {
                let image = replay.cut(cut, &mut Dice::new(seed));
                let current = text(&image, "current").expect("a name does not go away");
                let current: u64 = current.parse().expect("a file that is whole");
                // A rename that was done and not yet told here may be there too.
                assert!((flushed..=renamed + 1).contains(&current), "{cut:?} before step {moment}");
            }
        }
    }
}

/// Linux marks a page clean though its flush failed (Rebello et al., "Can applications recover from
/// fsync failures?", USENIX ATC 2020).
#[test]
fn after_a_flush_that_failed_another_one_says_nothing_of_what_was_written_before() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log"), "........").unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let file = OpenOptions::new().read(true).write(true).open(folder.path().join("log")).unwrap();
    let left = |how| text(&cut(&disk, how), "log").unwrap();
    file.write_all_at(b"abcd", 2).unwrap();
    disk.fail(Failure { kind: Kind::FlushFails, after: 0, lasts: false });
    assert!(file.sync_data().is_err());
    file.sync_data().unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("log")).unwrap(), "..abcd..");
    assert_eq!((left(Cut::Nothing), left(Cut::Everything)), ("........".into(), "..abcd..".into()));
    let seen: std::collections::BTreeSet<String> = (0..20)
        .map(|seed| {
            let steps = disk.steps();
            let mut replay = Replay::new(&steps);
            replay.pass(steps.len());
            let image = replay.cut(Cut::SomeWrites, &mut Dice::new(seed));
            text(&image, "log").unwrap()
        })
        .collect();
    assert_eq!(seen.len(), 2, "{seen:?}");
    // What is written again is flushed, and what lies beside it is still not known.
    file.write_all_at(b"X", 3).unwrap();
    file.sync_data().unwrap();
    assert_eq!((left(Cut::Nothing), left(Cut::Everything)), ("...X....".into(), "..aXcd..".into()));
    file.write_all_at(b"abcd", 2).unwrap();
    file.sync_data().unwrap();
    assert_eq!((left(Cut::Nothing), left(Cut::Everything)), ("..abcd..".into(), "..abcd..".into()));
}

#[test]
fn with_everything_there_the_image_is_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let mut dice = Dice::new(7);
    let names = ["a", "b", "c"];
    for _ in 0..200 {
        let path = folder.path().join(names[dice.below(3)]);
        let mut options = OpenOptions::new();
        options.write(true).create(true);
        match dice.below(5) {
            0 => fs::write(&path, vec![1; dice.below(3_000)]).unwrap(),
            1 => drop(fs::remove_file(&path)),
            2 => drop(fs::rename(&path, folder.path().join(names[dice.below(3)]))),
            3 => {
                let mut file = options.open(&path).unwrap();
                file.seek(SeekFrom::Start(dice.any() % 5_000)).unwrap();
                file.write_all(&vec![2; dice.below(2_000)]).unwrap();
            }
            _ => {
                let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
                file.write_all(&vec![3; dice.below(2_000)]).unwrap();
                file.set_len(dice.any() % 4_000).unwrap();
            }
        }
    }
    let image = cut(&disk, Cut::Everything);
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("left over"), "x").unwrap();
    image.lay(other.path()).unwrap();
    let listed = |folder: &Path| {
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&p).unwrap()))
            .collect();
        files.sort();
        files
    };
    assert!(!listed(folder.path()).is_empty());
    assert_eq!(listed(folder.path()), listed(other.path()));
}

#[test]
fn half_kilobytes_are_there_or_not_and_what_was_flushed_beside_them_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pages"), vec![1_u8; 4_096]).unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let file = OpenOptions::new().write(true).open(folder.path().join("pages")).unwrap();
    file.write_all_at(&[2; 1_024], 700).unwrap();
    let steps = disk.steps();
    let mut replay = Replay::new(&steps);
    replay.pass(steps.len());
    let (mut torn, mut garbled) = (0, 0);
    for seed in 0..200 {
        let image = replay.cut(Cut::SomeSectors, &mut Dice::new(seed));
        let pages = &image.files["pages"];
        assert!(pages[..700].iter().chain(&pages[1_724..]).all(|byte| *byte == 1));
        let written = &pages[700..1_724];
        torn += usize::from(written.contains(&1) && written.contains(&2));
        garbled += usize::from(written.iter().any(|byte| ![1, 2].contains(byte)));
    }
    assert!(torn > 50 && garbled > 5, "{torn} torn, {garbled} garbled");
}

#[test]
fn the_call_that_shall_fail_fails_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let disk = Disk::watch(folder.path()).unwrap();
    let path = folder.path().join("x");
    let mut file = File::create(&path).unwrap();
    disk.fail(Failure { kind: Kind::Full, after: 1, lasts: true });
    file.write_all(b"one").unwrap();
    assert_eq!(file.write_all(b"two").unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.write_all(b"two").unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(File::create(folder.path().join("y")).is_err());
    fs::write(elsewhere.path().join("y"), "there is room elsewhere").unwrap();
    assert!(disk.heal());
    file.write_all(b"two").unwrap();
    disk.fail(Failure { kind: Kind::FlushFails, after: 0, lasts: false });
    assert!(file.sync_data().is_err());
    file.sync_all().unwrap();
    disk.fail(Failure { kind: Kind::WriteFails, after: 0, lasts: true });
    assert!(fs::rename(&path, folder.path().join("z")).is_err());
    assert!(fs::remove_file(&path).is_err());
    assert!(file.set_len(1).is_err());
    disk.heal();
    disk.fail(Failure { kind: Kind::ReadFails, after: 0, lasts: false });
    assert!(fs::read(&path).is_err());
    disk.fail(Failure { kind: Kind::ReadsNothing, after: 0, lasts: false });
    let mut bytes = [0; 6];
    assert_eq!(File::open(&path).unwrap().read(&mut bytes).unwrap(), 0);
    assert!(disk.heal());
    assert!(!disk.heal());
    assert_eq!(fs::read(&path).unwrap(), b"onetwo");
}
