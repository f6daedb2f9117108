//! The package: packed, unpacked into an empty tree, and a store that sells from what lies there.
//!
//! What systemd makes of it on a box that boots is the packages' own test (`packaging/test-deb`).

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::Table;
use crate::{
    catalog::{self, yuan},
    folder, program,
    store::{Store, original},
    untested::{self, Lack},
};

/// The program of a store's node, in the tree.
const NODE: &str = "opt/guitai/bin/edge-daemon";
/// What must lie beside it, so that a box runs it.
const BESIDE: [&str; 4] = [
    "usr/lib/systemd/system/guitai-edge.service",
    "usr/lib/sysusers.d/guitai-edge.conf",
    "usr/lib/tmpfiles.d/guitai-edge.conf",
    "usr/lib/udev/rules.d/70-guitai.rules",
];

/// Walks the package's journey.
///
/// # Errors
/// The first step that is not as it should be; the table holds it too.
pub async fn play(table: &mut Table) -> Result<()> {
    const PACK: &str = "pack what a store's box installs";
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        let lack = Lack::Packages(&["dpkg"]);
        let left_out = async { Ok(((), untested::line("the package as files", &lack))) };
        return table.step(PACK, left_out).await;
    }
    let folder = folder::temporary()?;
    let packages = table.step(PACK, packed(folder.path())).await?;
    let tree = folder.path().join("tree");
    table.step("unpack it into an empty tree", unpacked(&packages, &tree)).await?;
    table.step("the node that lies there opens and sells", sold(&tree)).await
}

/// Made of the programs that lie beside this one, quickly.
async fn packed(folder: &Path) -> Result<(PathBuf, String)> {
    let programs = program::find("edge-daemon")?;
    let packages = folder.join("packages");
    let mut command = Command::new(catalog::demo().with_file_name("../deb"));
    command.arg("--trial").arg("--from").arg(programs.parent().context("a program at the root")?);
    command.arg("--to").arg(&packages);
    let said = done(command).await?;
    let n = said.lines().count();
    Ok((packages, format!("{n} packages")))
}

async fn unpacked(packages: &Path, tree: &Path) -> Result<((), String)> {
    let mut n = 0;
    for file in std::fs::read_dir(packages).context("no packages")? {
        let mut command = Command::new("dpkg-deb");
        command.arg("--extract").arg(file?.path()).arg(tree);
        done(command).await?;
        n += 1;
    }
    for path in BESIDE {
        ensure!(tree.join(path).is_file(), "{path} is missing");
    }
    Ok(((), format!("{n} packages; unit, users, folders and device rules are there")))
}

async fn sold(tree: &Path) -> Result<((), String)> {
    let mut store = Store::twin(original().await?, None)?;
    store.edge.run_with(tree.join(NODE));
    store.edge.start().await?;
    let till = store.cashier(1).await?;
    let list = catalog::read(&catalog::demo())?;
    let item = list.iter().find(|item| !item.barcode.is_empty()).context("nothing has a code")?;
    let completed = till.sell(&[&item.barcode], 0).await?;
    store.edge.stop().await?;
    Ok((
        (),
        format!("{} for {} yuan, without a mall", item.name, yuan(completed.order.total.amount)),
    ))
}

async fn done(command: Command) -> Result<String> {
    let what = format!("{command:?}");
    let said = program::run(command).await?;
    let words = String::from_utf8_lossy(&said.stderr);
    ensure!(said.status.success(), "{what}: {words}");
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}
