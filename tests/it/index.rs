//! The search index of the real binary: whatever happens to it, it comes to find all that is stored and nothing else.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use hydrophone::app::{Stored, index_of};
use hydrophone::clock::Clock;
use hydrophone::model::id::OccurrenceId;
use hydrophone::search::condition::{Condition, Document, Field, TextMatch};
use hydrophone::search::{ALWAYS, Follower, Metrics};
use hydrophone::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{INTERVAL, START, Server, exposed, target};
use crate::kill::Chance;
use crate::process::{AGAIN, Place};

const STATUS: &str = "/api/v1/status";

/// A process that throws `new` exceptions between two scrapes, and exposes the last fifty.
async fn throw(listener: TcpListener, new: u64, thrown: Arc<AtomicU64>) {
    let name = listener.local_addr().unwrap().port();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        // A server that is killed breaks off; the next one comes back.
        let Ok(_) = stream.read(&mut head).await else { continue };
        let count = thrown.fetch_add(new, Ordering::SeqCst) + new;
        let sample = |number: u64| {
            let seconds = 1_795_168_800 + number;
            let time = hydrophone::model::time::Timestamp::from_seconds(i64::try_from(seconds).unwrap());
            format!(
                r#"{{"uuid":"{name}-{number}","timestamp":"{time}","severity":"error","error":{{"class":"java.net.SocketTimeoutException","message":"HikariPool-{} timed out, request {number:08x}","stacktrace":["at com.foo.BarService.getUser{}(Bar.java)"],"cause":null}},"http_context":null}}"#,
                number % 3,
                number % 5
            )
        };
        let samples: Vec<_> = (count.saturating_sub(50)..count).map(sample).collect();
        let body = format!(
            r#"{{"target_uuid":"{name}","aggregated_errors":[{{"aggregation_key":"Boom@1","total_count":{count},"severity":"error","latest_errors":[{}]}}]}}"#,
            samples.join(",")
        );
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// A fleet of `targets` processes, and a place whose server scrapes them every second.
async fn fleet(targets: usize) -> (Place, Vec<(TcpListener, Arc<AtomicU64>)>) {
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for _ in 0..targets {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(format!("\"{}\"", listener.local_addr().unwrap()));
        listeners.push((listener, Arc::default()));
    }
    let addresses = addresses.join(", ");
    let place = Place::new(&format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nservices:\n  - name: shop\n    static_configs: [{{targets: [{addresses}]}}]\n"
    ));
    (place, listeners)
}

fn serve(listeners: Vec<(TcpListener, Arc<AtomicU64>)>) -> impl Future<Output = Vec<()>> {
    join_all(listeners.into_iter().map(|(listener, thrown)| throw(listener, 7, thrown)))
}

/// What a stopped server left: ids in the store for which `condition` holds, and those that the index finds without being
/// written to.
fn stored_and_found(data: &Path, condition: &Condition) -> (BTreeSet<OccurrenceId>, BTreeSet<OccurrenceId>) {
    let store = Arc::new(Store::open(data).unwrap());
    let mut stored = BTreeSet::new();
    for partition in store.partitions().unwrap() {
        let visit = &mut |occurrence: hydrophone::store::StoredOccurrence| {
            let document = Document::occurrence(occurrence.aggregate, occurrence.target, &occurrence.occurrence);
            if condition.holds(&document) {
                stored.insert(occurrence.id);
            }
            ControlFlow::Continue(())
        };
        store.occurrences_of_day(partition.day, 0..=u64::MAX, visit).unwrap();
    }
    let index = index_of(data);
    let mut follower = Follower::new(Arc::clone(&index), Stored(store), Metrics::default()).unwrap();
    follower.catch_up().unwrap();
    let found = index.snapshot().newest(condition, ALWAYS, None, usize::MAX).unwrap();
    (stored, found.into_iter().map(|found| found.id).collect())
}

fn words(text: &str) -> Condition {
    Condition::Text(Field::Any, TextMatch::words(text))
}

fn indexes(place: &Place) -> Vec<PathBuf> {
    let days = std::fs::read_dir(place.data().join("occurrences")).unwrap();
    days.map(|day| day.unwrap().path().join("index")).filter(|index| index.is_dir()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_samples_are_found_after_kills_at_any_moment() {
    let (place, listeners) = fleet(6).await;
    let story = async {
        let mut chance = Chance(3);
        for _ in 0..12 {
            let mut server = place.start();
            server.ready().await;
            tokio::time::sleep(Duration::from_millis(chance.below(2500))).await;
            server.kill();
        }
        let mut server = place.start();
        server.ready().await;
        server.until(STATUS, 20, |status| status["search"]["complete"] == true).await;
        let scraped = server.json(STATUS).await["search"]["occurrences"].as_u64().unwrap();
        // Every second brings 42 new ones.
        let newer = |status: &serde_json::Value| status["search"]["occurrences"].as_u64().unwrap() >= scraped + 84;
        server.until(STATUS, 10, newer).await;
        server.signal("TERM");
        assert!(server.wait(20).await.0.success(), "{}", server.log());
    };
    tokio::select! {
        () = story => {}
        _ = serve(listeners) => {}
    }
    for condition in [Condition::All, words("HikariPool-1"), words("getuser2"), words("timed com.foo.BarService")] {
        let (stored, found) = stored_and_found(&place.data(), &condition);
        assert!(stored.len() > 30, "{condition:?}: {}", stored.len());
        assert_eq!(stored, found, "{condition:?}");
    }
}

#[tokio::test]
async fn a_new_sample_is_found_within_two_seconds_of_its_scrape() {
    let server = Server::start().await;
    let target = target("shop", "10.0.0.1:80", "1");
    for count in 1..=4 {
        server.clock.advance(INTERVAL);
        server.scrape(&target, &[exposed("Boom@1", count, START)]);
        let watch = Clock::system().stopwatch();
        while server.get(STATUS).await.json()["search"]["occurrences"] != count {
            tokio::time::sleep(AGAIN).await;
        }
        assert!(watch.seconds() < 2.0, "{} s", watch.seconds());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_index_is_made_anew_while_everything_else_answers() {
    let (place, listeners) = fleet(2).await;
    let damages: [&dyn Fn(&Path); 4] = [
        &|index| std::fs::remove_dir_all(index).unwrap(),
        &|index| each_file(index, &|bytes| bytes.truncate(bytes.len() / 2)),
        &|index| {
            each_file(index, &|bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 4;
            });
        },
        &|index| {
            let meta = index.join("meta.json");
            let text = std::fs::read_to_string(&meta).unwrap();
            let older = text.replace("\"payload\": \"1.", "\"payload\": \"0.");
            assert!(older != text);
            hydrophone::fs::rewrite_atomic(&meta, older.as_bytes()).unwrap();
        },
    ];
    let story = async {
        let mut server = place.start();
        server.until(STATUS, 20, |status| status["search"]["occurrences"].as_u64() > Some(20)).await;
        for damage in damages {
            server.signal("TERM");
            assert!(server.wait(20).await.0.success(), "{}", server.log());
            let indexes = indexes(&place);
            assert!(!indexes.is_empty());
            for index in &indexes {
                damage(index);
            }
            server = place.start();
            server.ready().await;
            // Everything but search does not wait.
            assert!(server.json("/api/v1/top?by=service").await["total"].as_u64() > Some(0));
            server.until(STATUS, 20, |status| status["search"]["complete"] == true).await;
            let (_, metrics) = server.send(reqwest::Method::GET, "/metrics").await;
            let rebuilds = metrics.lines().find_map(|line| line.strip_prefix("hydrophone_search_rebuilds_total "));
            assert!(rebuilds.is_some_and(|rebuilds| rebuilds != "0"), "{rebuilds:?}");
        }
        server.signal("TERM");
        assert!(server.wait(20).await.0.success(), "{}", server.log());
    };
    tokio::select! {
        () = story => {}
        _ = serve(listeners) => {}
    }
    let (stored, found) = stored_and_found(&place.data(), &words("HikariPool-2"));
    assert!(stored.len() > 3);
    assert_eq!(stored, found);
}

fn each_file(directory: &Path, change: &dyn Fn(&mut Vec<u8>)) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        if !bytes.is_empty() {
            change(&mut bytes);
            hydrophone::fs::rewrite_atomic(&path, &bytes).unwrap();
        }
    }
}
