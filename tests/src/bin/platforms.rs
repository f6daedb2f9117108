//! `platforms`: Douyin, WeChat Pay and Alipay, simulated on this machine, with a page on which a
//! person issues vouchers, coupons and payment codes; `make demo` starts it beside the store.
//!
//! It writes what a client needs (`platforms.json`, the root of its certificates, keys) into a folder
//! before it says that it is ready.

use std::{io::Write as _, path::PathBuf};

use acceptance::sim::{Options, Platforms};
use anyhow::{Context as _, Result};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Douyin, WeChat Pay and Alipay, simulated on this machine.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// The folder for certificates, keys and platforms.json.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "var/demo/platforms",
        env = "PLATFORMS_FOLDER"
    )]
    folder: PathBuf,
    /// The port of the page and the control API, HTTP; 0 for any.
    #[arg(long, default_value_t = 7090)]
    control_port: u16,
    /// The port of Douyin, HTTPS.
    #[arg(long, default_value_t = 7091)]
    douyin_port: u16,
    /// The port of Douyin's short links, HTTPS.
    #[arg(long, default_value_t = 7092)]
    link_port: u16,
    /// What the links of vouchers begin with, e.g. `https://v.douyin.com` for tills that know no
    /// other; the mall must be told where that host is.
    #[arg(long, value_name = "URL")]
    link_url: Option<String>,
    /// The port of WeChat Pay, HTTPS.
    #[arg(long, default_value_t = 7093)]
    wechat_port: u16,
    /// The port of Alipay, HTTPS.
    #[arg(long, default_value_t = 7094)]
    alipay_port: u16,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut interrupted = signal(SignalKind::interrupt()).context("no signals")?;
    let mut terminated = signal(SignalKind::terminate()).context("no signals")?;
    let platforms = Platforms::start_with(Options {
        douyin_port: arguments.douyin_port,
        link_port: arguments.link_port,
        wechat_port: arguments.wechat_port,
        alipay_port: arguments.alipay_port,
        control_port: arguments.control_port,
        link_url: arguments.link_url,
        folder: Some(arguments.folder.clone()),
        ..Options::default()
    })
    .await?;
    let access = platforms.access();
    access.write(&arguments.folder)?;
    say(&format!(
        "抖音 Douyin      {}\n短链 links       {}\n微信 WeChat Pay  {}\n支付宝 Alipay    {}\n\
         证书 files       {}\n页面 page        {}",
        access.douyin.base_url,
        access.douyin.link_url,
        access.wechat.base_url,
        access.alipay.gateway_url,
        arguments.folder.display(),
        access.control_url,
    ));
    tokio::select! { _ = interrupted.recv() => {} _ = terminated.recv() => {} }
    Ok(())
}

fn say(text: &str) {
    // Nobody listening is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{text}");
}
