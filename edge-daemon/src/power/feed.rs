//! The power is cut at any moment while a store takes in what the mall tells: versions of the feed,
//! pages that lie aside, snapshots that are fetched, unpacked and put in force.

use std::{path::Path, time::Duration};

use disk::{Dice, Disk, Image, Step};
use domain::time::Timestamp;
use sync::replica::{CATALOG_TABLES, REPLICA_SCHEMA, Scope};

use super::{
    catalogs::{self, Signer},
    cut_at_random, points, quick_folder, seed,
};
use crate::{
    db::replica::{Replica, file_name},
    test_mall::TestMall,
    test_store::{TestStore, lay_catalog},
};

/// Versions that come by pages, before the first snapshot and after each.
const VERSIONS: i64 = 5;
/// Versions by which a snapshot is ahead of what came before it: too far to be followed by pages.
const AHEAD: i64 = 10_000;
/// Snapshots that are taken.
const SNAPSHOTS: i64 = 2;
/// No test waits longer for what shall become true.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a store took in, as its disk saw it, with the mall that it can still ask.
struct Followed {
    steps: Vec<Step>,
    mall: TestMall,
    signer: Signer,
}

/// Waits until a store sells by a version.
async fn until_at(store: &TestStore, version: i64) {
    let at = async {
        loop {
            let replica = store.context().replicas.catalog();
            if replica.is_some_and(|replica| replica.standing().unwrap().cursor.version == version)
            {
                return;
            }
            store.context().nudges.of(Scope::Catalog).give();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, at).await.expect("the store follows its mall");
}

/// The daemon follows a mall, by pages and by snapshots.
async fn followed() -> Followed {
    let folder = tempfile::tempdir().unwrap();
    let (store, mall) = TestStore::open_with_mall_in(folder, None, "").await;
    let signer = Signer::new();
    catalogs::tell_keys(&mall, &signer);
    catalogs::tell_version(&mall, 1, 2);
    until_at(&store, 2).await;
    let (store, disk) = store.restart_watched().await;
    let mut version = 2;
    for turn in 0..=SNAPSHOTS {
        if turn > 0 {
            version = turn * AHEAD;
            catalogs::tell_snapshot(&mall, &signer, version);
            until_at(&store, version).await;
            disk.told(u64::try_from(version).unwrap());
        }
        for _ in 0..VERSIONS {
            catalogs::tell_version(&mall, version, version + 1);
            version += 1;
            until_at(&store, version).await;
        }
    }
    let steps = disk.steps();
    store.stop().await;
    Followed { steps, mall, signer }
}

/// What is wrong with what a cut left; nothing where the store sells by one whole version, and by none
/// before the newest snapshot of which somebody was told that it is in force.
fn fault(image: &Image, folder: &Path, told: &[u64], dice: &mut Dice) -> Option<String> {
    lay_replica(image, folder);
    let replica = match catalogs::in_force(folder) {
        Ok(Some(replica)) => replica,
        Ok(None) => return Some("no catalog is in force".to_owned()),
        Err(error) => return Some(format!("no catalog opens: {error}")),
    };
    let check = replica.read(|db| {
        let verdict = db.query_row("pragma integrity_check", [], |row| row.get::<_, String>(0));
        verdict.map_err(crate::DbError::sqlite("check"))
    });
    match check {
        Ok(verdict) if verdict == "ok" => {}
        other => return Some(format!("damaged: {other:?}")),
    }
    let (names, version) = catalogs::versions(&replica).unwrap();
    if names != [(version.to_string(), version)] {
        return Some(format!("half of a version: {names:?} at {version}"));
    }
    let told = told.iter().max().map_or(0, |told| i64::try_from(*told).unwrap());
    if version < told {
        return Some(format!("version {version}, and {told} was told to be in force"));
    }
    // Whoever goes on from the cursor comes to where the mall is.
    if dice.once_in(10) {
        let (staged, next) = (replica.staged().unwrap(), version + 1);
        if staged.is_some_and(|(_, cursor)| cursor.version != version) {
            return Some("what lies aside does not go on from the cursor".to_owned());
        }
        catalogs::follow(&replica, next);
        let stands = catalogs::versions(&replica).unwrap();
        if stands != (vec![(next.to_string(), next)], next) {
            return Some(format!("it goes on to {stands:?} instead of {next}"));
        }
    }
    None
}

/// Lays what was left of the catalog into a folder.
fn lay_replica(image: &Image, folder: &Path) {
    for file in std::fs::read_dir(folder).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let catalog = format!("replica-{}", Scope::Catalog);
    let mut replica = Image::default();
    let of_catalog = image.files.iter().filter(|(name, _)| name.starts_with(&catalog));
    replica.files.extend(of_catalog.map(|(name, bytes)| (name.clone(), bytes.clone())));
    replica.lay(folder).unwrap();
}

/// Cuts the power so many times; what was wrong after each.
fn cut(steps: &[Step], n: usize, dice: &mut Dice) -> Vec<String> {
    let (folder, mut faults) = (quick_folder(), Vec::new());
    cut_at_random(steps, n, dice, |image, told, dice, what| {
        if let Some(fault) = fault(image, folder.path(), told, dice) {
            faults.push(format!("{what}: {fault}"));
        }
    });
    faults
}

#[tokio::test]
async fn no_power_cut_leaves_half_of_a_version_or_a_store_without_a_catalog() {
    let mut dice = Dice::new(seed());
    let Followed { steps, .. } = followed().await;
    let (n, began) = (points(5_000), tokio::time::Instant::now());
    let faults = cut(&steps, n, &mut dice);
    println!("{n} cuts among {} steps in {:?}", steps.len(), began.elapsed());
    assert_eq!(faults, Vec::<String>::new());
}

/// Starts of a whole daemon on what was left: each takes a tenth of a second.
const STARTS: usize = 30;

#[tokio::test]
async fn a_store_that_starts_after_a_power_cut_takes_the_snapshot_that_was_cut_off() {
    let mut dice = Dice::new(seed());
    let Followed { steps, mall, signer } = followed().await;
    let newest = (SNAPSHOTS + 1) * AHEAD;
    catalogs::tell_snapshot(&mall, &signer, newest);
    let mut left = Vec::new();
    cut_at_random(&steps, STARTS, &mut dice, |image, _, _, what| {
        left.push((image.clone(), what.to_owned()));
    });
    for (image, what) in left {
        let folder = quick_folder();
        image.lay(folder.path()).unwrap();
        println!("{what}");
        let store = TestStore::open_what_is_left(folder, Some(&mall)).await.unwrap();
        until_at(&store, newest).await;
        let replica = store.context().replicas.catalog().unwrap();
        let one_version = vec![(newest.to_string(), newest)];
        assert_eq!(catalogs::versions(&replica).unwrap(), (one_version, newest), "{what}");
        // What was fetched, or half of it, is of no more use and lies no more on the disk.
        let names = |of: &str| {
            let files = std::fs::read_dir(store.data()).unwrap();
            let name = |file: std::io::Result<std::fs::DirEntry>| file.unwrap().file_name();
            let named = files.map(|file| name(file).into_string().unwrap());
            named.filter(|name| name.starts_with(of) && name.ends_with(".db")).count()
        };
        assert_eq!(names(&format!("replica-{}-", Scope::Catalog)), 1, "{what}");
        assert!(!store.data().join(format!("download-{}.zst", Scope::Catalog)).exists(), "{what}");
        drop(replica);
        store.stop().await;
    }
}

/// A catalog in force in a folder that is watched from now on.
fn watched() -> (tempfile::TempDir, Disk, Replica) {
    let folder = tempfile::tempdir().unwrap();
    lay_catalog(folder.path(), CATALOG_TABLES, REPLICA_SCHEMA);
    let replica = catalogs::in_force(folder.path()).unwrap().unwrap();
    catalogs::follow(&replica, 2);
    let disk = Disk::watch(folder.path()).unwrap();
    (folder, disk, replica)
}

#[test]
fn a_version_that_is_applied_row_by_row_is_seen_to_be_half() {
    let (_folder, disk, replica) = watched();
    for version in 3..3 + VERSIONS {
        for row in catalogs::rows(version) {
            let one = catalogs::page(version, "", vec![row], version);
            replica.apply(&one, Timestamp::from_micros(version)).unwrap();
        }
    }
    let faults = cut(&disk.steps(), points(300), &mut Dice::new(seed()));
    assert!(faults.iter().any(|fault| fault.contains("half of a version")), "{faults:?}");
}

#[test]
fn a_pointer_that_is_not_flushed_is_seen_to_be_lost() {
    let (folder, disk, replica) = watched();
    let name = file_name(Scope::Catalog, AHEAD);
    std::fs::write(folder.path().join(&name), catalogs::snapshot(AHEAD)).unwrap();
    drop(replica);
    let pointer = folder.path().join(format!("replica-{}.current", Scope::Catalog));
    std::fs::write(folder.path().join("next"), &name).unwrap();
    std::fs::rename(folder.path().join("next"), pointer).unwrap();
    disk.told(u64::try_from(AHEAD).unwrap());
    let faults = cut(&disk.steps(), points(300), &mut Dice::new(seed()));
    assert!(faults.iter().any(|fault| fault.contains("no catalog opens")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("was told to be in force")), "{faults:?}");
}
