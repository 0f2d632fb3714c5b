//! `hydrophone demo`: a simulated fleet over real HTTP on loopback, a month of its history laid down first, and the ordinary
//! server watching it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::signal::Signals;
use super::{Options, Setup, bind, load, open, run};
use crate::api::OwnErrors;
use crate::clock::Clock;
use crate::config::Redaction;
use crate::demo::{Fleet, Listeners, TargetFiles, serve};
use crate::fs::rewrite_atomic;
use crate::ingest::{Added, Batch};
use crate::model::scrape::Event;
use crate::model::time::{Millis, Timestamp};
use crate::redact::{Hits, Redactor};
use crate::store::Store;

/// The history: how long ago each part begins, and how often the fleet was scraped in it. Coarse for the month, so that it is
/// laid down in seconds; fine where people zoom in. Live the fleet is scraped more often still.
const HISTORY: [(Millis, Millis); 2] = [
    (Millis::from_seconds(30 * 86_400), Millis::from_seconds(300)),
    (Millis::from_seconds(2 * 86_400), Millis::from_seconds(60)),
];

/// How often windows of the history are sealed, in its own time.
const SEAL_EVERY: Millis = Millis::from_seconds(2 * 3600);

/// Runs the demo until it is told to stop, in a data directory that must be empty.
///
/// # Errors
/// When it can not start, or a commit failed.
pub async fn run_demo_server(options: Options, seed: u64, clock: Clock, errors: Arc<OwnErrors>) -> Result<()> {
    let mut signals = Signals::listen()?;
    let begun = clock.now();
    let mut fleet = Fleet::new(seed, begun);
    let listeners = Listeners::bind(&mut fleet, IpAddr::V4(Ipv4Addr::LOCALHOST)).await.context("can not listen")?;
    let http = bind(&options.listen).await?;
    let store = open(&options)?;
    if !store.view()?.services().is_empty() {
        bail!("{} holds data: the demo begins in an empty directory", options.storage_path.display());
    }
    let watch = clock.stopwatch();
    tracing::info!("laying down a month of history");
    let call_off = CancellationToken::new();
    let told = call_off.clone();
    let mut laying = tokio::task::spawn_blocking(move || {
        let laid = lay_down(&store, &mut fleet, begun, &told)?;
        if let Some(scrapes) = laid {
            tracing::info!(scrapes, seconds = watch.seconds(), "laid down a month of history");
        }
        anyhow::Ok(laid.map(|_| (store, fleet)))
    });
    let laid = tokio::select! {
        laid = &mut laying => laid,
        // Whoever ends it here is to find nothing left behind either; the directory goes when nobody writes it any more.
        _ = signals.next() => {
            tracing::info!("stopping");
            call_off.cancel();
            laying.await.map(|laid| laid.map(|_| None))
        }
    };
    let Some((store, fleet)) = laid?? else { return Ok(()) };

    let directory = std::path::absolute(&options.storage_path)?.join("demo");
    std::fs::create_dir_all(&directory).with_context(|| format!("can not create {}", directory.display()))?;
    // Whoever tries it is to try all of it, from wherever; there is nothing real in it.
    let yaml = fleet.config_yaml(&directory) + "web:\n  auth:\n    anonymous: admin\n";
    let mut options = options;
    options.config_file = directory.join("hydrophone.yaml");
    rewrite_atomic(&options.config_file, yaml.as_bytes())?;
    write_files(&directory, &fleet.target_files())?;
    let config = load(&options.config_file)?;

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
        outcome = run(Setup { options, config, store, listeners: http, signals: Some(signals) }, clock, errors) => outcome,
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

/// Feeds the fleet's history through ingest, as scraping it for a month would have; gives the number of scrapes, or nothing when it was
/// called off.
fn lay_down(store: &Store, fleet: &mut Fleet, now: Timestamp, call_off: &CancellationToken) -> Result<Option<u64>> {
    let mut scrapes = 0;
    let redactor = Redactor::new(&Redaction::default());
    for (index, (age, interval)) in HISTORY.iter().enumerate() {
        let end = HISTORY.get(index + 1).map_or(now, |(age, _)| now.minus(*age));
        let mut batch = Batch::new(store.draft());
        let mut sealed = now.minus(*age);
        for event in fleet.history(now.minus(*age), end, *interval) {
            if call_off.is_cancelled() {
                return Ok(None);
            }
            let at = time(&event);
            match event {
                Event::Scraped(mut scrape) => {
                    scrapes += 1;
                    if let Ok(exposition) = &mut scrape.outcome {
                        redactor.exposition(exposition, &mut Hits::default());
                    }
                    // A batch holds each target once: it is full when the next round begins.
                    while let Added::NextBatch(again) = batch.add(scrape) {
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
                    store.commit(draft.finish())?;
                    batch = Batch::new(store.draft());
                }
            }
            if at.since(sealed) >= SEAL_EVERY {
                sealed = at;
                store.commit(batch.into_draft().finish())?;
                store.seal(at)?;
                batch = Batch::new(store.draft());
            }
        }
        store.commit(batch.into_draft().finish())?;
    }
    store.seal(now)?;
    Ok(Some(scrapes))
}

fn time(event: &Event) -> Timestamp {
    match event {
        Event::Scraped(scrape) => scrape.at,
        Event::Gone { at, .. } => *at,
    }
}
