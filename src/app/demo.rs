//! `hydrophone demo`: a simulated fleet over real HTTP on loopback, a month of its history laid down first, and the ordinary
//! server watching it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::watch;

use super::{Options, Setup, bind, open, run};
use crate::api::OwnErrors;
use crate::clock::Clock;
use crate::config;
use crate::demo::{Fleet, Listeners, TargetFiles, serve};
use crate::fs::rewrite_atomic;
use crate::ingest::{Added, Batch};
use crate::model::scrape::Event;
use crate::model::time::{Millis, Timestamp};
use crate::store::Store;

/// How often the fleet was scraped in its history. Live it is scraped more often, so that something is to be seen.
const HISTORY_INTERVAL: Millis = Millis::from_seconds(60);

/// Length of the history.
const HISTORY: Millis = Millis::from_seconds(30 * 86_400);

/// Scrapes of history in one commit. There is nothing to lose yet, so commits may be large.
const COMMIT_MAX: Millis = Millis::from_seconds(1800);

/// Runs the demo until it is told to stop. The data directory must be empty or a demo's; history is laid down when it is
/// empty.
///
/// # Errors
/// When it can not start, or a commit failed.
pub async fn run_demo_server(options: Options, seed: u64, clock: Clock, errors: Arc<OwnErrors>) -> Result<()> {
    let begun = clock.now();
    let mut fleet = Fleet::new(seed, begun);
    let listeners = Listeners::bind(&mut fleet, IpAddr::V4(Ipv4Addr::LOCALHOST)).await.context("can not listen")?;
    let http = bind(&options.listen).await?;
    let store = open(&options)?;
    let watch = clock.stopwatch();
    tracing::info!("laying down a month of history");
    let (store, fleet) = tokio::task::spawn_blocking(move || {
        let scrapes = lay_down(&store, &mut fleet, begun)?;
        tracing::info!(scrapes, seconds = watch.seconds(), "laid down a month of history");
        anyhow::Ok((store, fleet))
    })
    .await??;

    let directory = std::path::absolute(&options.storage_path)?.join("demo");
    std::fs::create_dir_all(&directory).with_context(|| format!("can not create {}", directory.display()))?;
    let yaml = fleet.config_yaml(&directory);
    let mut options = options;
    options.config_file = directory.join("hydrophone.yaml");
    rewrite_atomic(&options.config_file, yaml.as_bytes())?;
    write_files(&directory, &fleet.target_files())?;
    let config = config::load(&options.config_file)?;

    let (discovered, mut files) = watch::channel(fleet.target_files());
    let fleet = serve(fleet, listeners, clock.clone(), discovered);
    let publish = async {
        while files.changed().await.is_ok() {
            let files = files.borrow_and_update().clone();
            write_files(&directory, &files)?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        outcome = run(Setup { options, config, store, listeners: http }, clock, errors) => outcome,
        published = publish => published,
        never = fleet => match never {},
    }
}

fn write_files(directory: &Path, files: &TargetFiles) -> Result<()> {
    for file in files.iter() {
        let path = directory.join(&file.name);
        rewrite_atomic(&path, file.json.as_bytes()).with_context(|| format!("can not write {}", path.display()))?;
    }
    Ok(())
}

/// Feeds the fleet's history through ingest, as scraping it for a month would have; gives the number of scrapes.
fn lay_down(store: &Store, fleet: &mut Fleet, now: Timestamp) -> Result<u64> {
    let mut scrapes = 0;
    let mut events = fleet.history(now.minus(HISTORY), now, HISTORY_INTERVAL).peekable();
    while let Some(first) = events.peek() {
        let end = time(first).plus(COMMIT_MAX);
        let mut batch = Batch::new(store.draft());
        let mut last = end;
        while let Some(event) = events.next_if(|event| time(event) < end) {
            last = time(&event);
            match event {
                Event::Scraped(scrape) => {
                    scrapes += 1;
                    let mut scrape = scrape;
                    while let Added::NextBatch(again) = batch.add(scrape, u64::MAX) {
                        store.commit(batch.into_draft().finish())?;
                        batch = Batch::new(store.draft());
                        scrape = *again;
                    }
                }
                Event::Gone { target, at } => {
                    store.commit(batch.into_draft().finish())?;
                    let mut draft = store.draft();
                    if let Some(id) = draft.find_target(&target) {
                        draft.gone(id, at);
                    }
                    batch = Batch::new(draft);
                }
            }
        }
        store.commit(batch.into_draft().finish())?;
        store.seal(last)?;
    }
    Ok(scrapes)
}

fn time(event: &Event) -> Timestamp {
    match event {
        Event::Scraped(scrape) => scrape.at,
        Event::Gone { at, .. } => *at,
    }
}
