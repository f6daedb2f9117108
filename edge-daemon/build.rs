//! Finds the built screens to embed. It never calls npm: `make` builds them, and a release without
//! them is refused here.

use std::{env, fs, path::PathBuf};

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist =
        env::var_os("POS_UI_DIST").map_or_else(|| manifest.join("../pos-ui/dist"), PathBuf::from);
    println!("cargo:rerun-if-env-changed=POS_UI_DIST");
    println!("cargo:rerun-if-changed={}", dist.display());
    let is_built = dist.join("ui/operator/index.html").exists();
    let is_release = env::var("PROFILE").as_deref() == Ok("release");
    assert!(
        is_built || !is_release,
        "the screens are not built: run `make ui` first (it needs Node 20.19 or newer)"
    );
    let embedded = if is_built { dist } else { placeholder() };
    let embedded = embedded.canonicalize().unwrap_or(embedded);
    println!("cargo:rustc-env=POS_UI_DIST_ABS={}", embedded.display());
}

/// A page that says what to do, for debug builds without Node.
fn placeholder() -> PathBuf {
    let dist = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("placeholder-ui");
    let page = "<!doctype html><title>柜台</title><p>界面还没有构建。请运行 make ui。</p>";
    for face in ["operator", "customer", "devices"] {
        let folder = dist.join("ui").join(face);
        let written =
            fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("index.html"), page));
        assert!(written.is_ok(), "could not write the placeholder page");
    }
    println!("cargo:warning=the screens are not built; `make ui` builds them");
    dist
}
