//! A fleet that misbehaves, and a server that is killed all the time: afterwards every count is there, once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::time::Duration;

use hydrophone::backup::inspect;
use hydrophone::clock::Clock;
use hydrophone::demo::chaos::{Chaos, Options, Refusal};
use hydrophone::model::time::Millis;
use serde_json::Value;
use tokio::sync::watch;

use crate::process::{AGAIN, Place, Process};

/// How often the server is killed.
const KILLS: u32 = 200;

/// Turns that lives take at once (see `demo::chaos` for what a turn is).
const TURNS: usize = 5;

const RANGE: &str = "start=now-2h&end=now%2B1h";

/// What the server last said: calls of exceptions per target, and how many answers there were so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    counts: HashMap<String, u64>,
    answers: u64,
}

/// A small source of chance (splitmix64), seeded so that a failure can be looked at again.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_count_survives_two_hundred_kills_while_the_fleet_misbehaves() {
    let seed = std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("seed {seed} (KILL_SEED sets another)");
    let options = Options { seed, ..Options::default() };
    let (chaos, listeners) = Chaos::bind(options, Clock::system(), Ipv4Addr::LOCALHOST.into()).await.unwrap();
    let place = Place::new(&chaos.config_yaml(Millis(1000), Millis(600)));
    let (seen, asked) = watch::channel(Seen::default());
    let (url, urls) = watch::channel(None);
    let ended = Mutex::new(0u64);
    let mut chance = Chance(seed);

    let story = async {
        let turns =
            futures_util::future::join_all((0..TURNS).map(|turn| take_turns(&chaos, turn, asked.clone(), &ended)));
        let chaotic = async {
            tokio::select! {
                () = kill_all_the_time(&place, &mut chance, &url) => {}
                _ = turns => {}
                () = throw(&chaos) => {}
            }
        };
        chaotic.await;
        // From here on it lives, and the fleet stands still.
        let server = place.start();
        url.send_replace(Some(server.url().await));
        chaos.hold_all();
        let mut asked = asked.clone();
        let quiet = asked.wait_for(|seen| all_known(&chaos, seen));
        if tokio::time::timeout(Duration::from_secs(60), quiet).await.is_err() {
            let counts = asked.borrow().counts.clone();
            for (target, thrown) in thrown(&chaos) {
                let known = counts.get(&target).copied().unwrap_or(0);
                if known != thrown {
                    println!("{target}: {known} of {thrown}");
                }
            }
            panic!("the server does not know what was thrown\n{}", server.log());
        }
        url.send_replace(None);
        compare(&chaos, &server).await;
    };
    tokio::select! {
        () = story => {}
        () = ask(&chaos, urls, seen) => {}
        never = chaos.serve(listeners) => match never {},
    }
    println!("answers: {:?}; {} lives ended", chaos.answers(), ended.lock().unwrap());
    assert!(chaos.answers().iter().all(|(_, times)| *times > 0));
    assert!(*ended.lock().unwrap() >= 30, "too few restarts to mean much");
}

async fn throw(chaos: &Chaos) {
    loop {
        chaos.throw_some();
        tokio::time::sleep(Duration::from_millis(70)).await;
    }
}

/// Starts the server and kills it, again and again. Most lives are short, so that every part of one is hit: opening,
/// scraping, committing, sealing. Some are long enough for the fleet to be seen whole.
async fn kill_all_the_time(place: &Place, chance: &mut Chance, url: &watch::Sender<Option<String>>) {
    let watch = Clock::system().stopwatch();
    let mut listened = 0;
    for kill in 0..KILLS {
        let mut server = place.start();
        let life = if kill % 20 == 19 { 3000 } else { 20 + chance.below(500) };
        let mut found = server.url_now();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(life)) => {}
            () = async {
                let known = found.wait_for(Option::is_some).await.map(|url| url.clone());
                url.send_replace(known.ok().flatten());
                listened += 1;
                std::future::pending::<()>().await;
            } => {}
        }
        if let Some(status) = server.ended() {
            panic!("life {kill} ended by itself with {status}:\n{}", server.log());
        }
        server.kill();
        url.send_replace(None);
        assert!(!server.log().contains("panicked"), "life {kill}:\n{}", server.log());
        if kill % 4 == 0 {
            let data = place.data();
            let looked = tokio::task::spawn_blocking(move || {
                let mut found = Vec::new();
                inspect(&data, &mut |finding| found.push(finding.to_string())).map(|_| found)
            });
            match looked.await.unwrap() {
                // It may be killed before there is anything.
                Err(error) => assert!(kill == 0, "life {kill}: {error}"),
                Ok(found) => assert!(found.is_empty(), "life {kill}: {found:?}"),
            }
        }
    }
    println!("{KILLS} kills in {:.0} s, {listened} of the lives got as far as listening", watch.seconds());
}

/// Asks the server all the time, and holds against it what was thrown until then: never more than that.
async fn ask(chaos: &Chaos, mut urls: watch::Receiver<Option<String>>, seen: watch::Sender<Seen>) {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().unwrap();
    loop {
        let Ok(url) = urls.wait_for(Option::is_some).await.map(|url| url.clone().unwrap()) else { return };
        let path = format!("{url}/api/v1/top?by=target.instance&limit=1000&{RANGE}");
        let answer = async { client.get(path).send().await?.error_for_status()?.bytes().await };
        // It may be killed meanwhile.
        if let Ok(body) = answer.await {
            let answer: Value = serde_json::from_slice(&body).unwrap();
            let counts = groups(&answer, "instance");
            for (target, thrown) in thrown(chaos) {
                let known = counts.get(&target).copied().unwrap_or(0);
                assert!(known <= thrown, "{target}: {known} counted, {thrown} thrown");
            }
            seen.send_modify(|seen| {
                seen.counts = counts;
                seen.answers += 1;
            });
        }
        tokio::time::sleep(AGAIN * 3).await;
    }
}

/// Ends one life after the other, each when the server has its last counts.
async fn take_turns(chaos: &Chaos, turn: usize, mut asked: watch::Receiver<Seen>, ended: &Mutex<u64>) {
    let mut targets = (0..chaos.len()).filter(|target| target % TURNS == turn).cycle();
    loop {
        let target = targets.next().unwrap();
        let address = chaos.address(target).unwrap().to_string();
        chaos.hold(target);
        let thrown: u64 = chaos.truth_of(target).iter().map(|one| one.thrown).sum();
        asked.wait_for(|seen| seen.counts.get(&address).copied().unwrap_or(0) == thrown).await.unwrap();
        loop {
            match chaos.end_life(target) {
                Ok(()) => break,
                // The server has it this very moment; the target will notice.
                Err(Refusal::NotExposed) => tokio::time::sleep(AGAIN).await,
                Err(other) => panic!("{address}: {other}"),
            }
        }
        let thrown: u64 = chaos.truth_of(target).iter().map(|one| one.thrown).sum();
        asked.wait_for(|seen| seen.counts.get(&address).copied().unwrap_or(0) == thrown).await.unwrap();
        chaos.release(target);
        *ended.lock().unwrap() += 1;
    }
}

fn thrown(chaos: &Chaos) -> BTreeMap<String, u64> {
    let mut thrown = BTreeMap::new();
    for one in chaos.truth() {
        *thrown.entry(one.address).or_default() += one.thrown;
    }
    thrown
}

fn all_known(chaos: &Chaos, seen: &Seen) -> bool {
    thrown(chaos).iter().all(|(target, thrown)| seen.counts.get(target) == Some(thrown))
}

/// The groups of a top list by the value of one label.
fn groups(answer: &Value, label: &str) -> HashMap<String, u64> {
    let groups = answer["groups"].as_array().unwrap().iter();
    let mut counts = HashMap::new();
    for group in groups {
        let labels = group["labels"].as_object().unwrap();
        let value =
            labels.iter().find(|(name, _)| name.ends_with(label)).map_or("", |(_, value)| value.as_str().unwrap());
        assert!(counts.insert(value.to_owned(), group["count"].as_u64().unwrap()).is_none(), "{value} twice");
    }
    counts
}

/// The server knows what was thrown, however it is asked.
async fn compare(chaos: &Chaos, server: &Process) {
    let truth = chaos.truth();
    let sum: u64 = truth.iter().map(|one| one.thrown).sum();
    assert!(sum > 10_000, "only {sum} exceptions");
    let mut by_key: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut by_service: HashMap<String, u64> = HashMap::new();
    for one in &truth {
        *by_key.entry((one.service.clone(), one.key.clone())).or_default() += one.thrown;
        *by_service.entry(one.service.clone()).or_default() += one.thrown;
    }

    let list = server.json(&format!("/api/v1/aggregates?limit=1000&{RANGE}")).await;
    let aggregates = list["aggregates"].as_array().unwrap();
    let named = |count: &str| -> BTreeMap<(String, String), u64> {
        let name = |one: &Value, what: &str| one[what].as_str().unwrap().to_owned();
        let pairs = aggregates.iter();
        pairs.map(|one| ((name(one, "service"), name(one, "aggregation_key")), one[count].as_u64().unwrap())).collect()
    };
    assert_eq!(named("total_count"), by_key, "counts ever");
    assert_eq!(named("count"), by_key, "counts of the range");

    for by in ["service", "severity", "state", "aggregate", "target.instance", "target.zone"] {
        let top = server.json(&format!("/api/v1/top?by={by}&limit=1000&{RANGE}")).await;
        let counts: Vec<u64> =
            top["groups"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).collect();
        assert_eq!((top["total"].as_u64(), counts.iter().sum::<u64>()), (Some(sum), sum), "top by {by}");
        if by == "service" {
            assert_eq!(groups(&top, "service"), by_service);
        }
        compare_range(server, by, sum).await;
    }
    compare_range(server, "", sum).await;
    let mut samples = 0;
    for aggregate in aggregates {
        samples += compare_occurrences(chaos, server, aggregate).await;
    }
    println!("{sum} exceptions, {samples} occurrences");
}

async fn compare_range(server: &Process, by: &str, sum: u64) {
    for step in ["1s", "10s", "7m", "1h"] {
        let start = if step == "1s" { "start=now-1h" } else { "start=now-2h" };
        let path = format!("/api/v1/range?by={by}&top=100&step={step}&{start}&end=now%2B5m");
        let range = server.json(&path).await;
        let counts = |series: &Value| -> Vec<u64> {
            series["counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
        };
        let total = counts(&range["total"]);
        assert_eq!((range["total"]["total"].as_u64(), total.iter().sum::<u64>()), (Some(sum), sum), "{path}");
        let mut added = vec![0; total.len()];
        for series in
            range["series"].as_array().unwrap().iter().chain(range["other"].as_object().map(|_| &range["other"]))
        {
            for (bucket, count) in counts(series).into_iter().enumerate() {
                added[bucket] += count;
            }
        }
        assert_eq!(added, total, "{path}");
    }
}

/// Every sample that is exposed now is stored, and none is stored twice.
async fn compare_occurrences(chaos: &Chaos, server: &Process, aggregate: &Value) -> usize {
    let mut stored: HashSet<(String, String, String, String)> = HashSet::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut path = format!("/api/v1/aggregates/{}/occurrences?limit=100", aggregate["id"]);
    let begin = path.clone();
    loop {
        let page = server.json(&path).await;
        for one in page["occurrences"].as_array().unwrap() {
            let target = text(&one["target"]["instance"]);
            let sample = (target, text(&one["uuid"]), text(&one["timestamp"]), text(&one["message"]));
            assert!(stored.insert(sample.clone()), "stored twice: {sample:?}");
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{begin}&cursor={cursor}");
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for one in chaos.truth() {
        if (aggregate["service"].as_str(), aggregate["aggregation_key"].as_str())
            != (Some(&one.service), Some(&one.key))
        {
            continue;
        }
        let url = format!("http://{}/-/exceptions", one.address);
        let exposed: Value =
            serde_json::from_str(&client.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
        let mut keys = exposed["aggregated_errors"].as_array().unwrap().iter();
        let Some(exposed) = keys.find(|exposed| exposed["aggregation_key"] == one.key.as_str()) else { continue };
        for sample in exposed["latest_errors"].as_array().unwrap() {
            let message = text(&sample["error"]["message"]);
            let sample = (one.address.clone(), text(&sample["uuid"]), text(&sample["timestamp"]), message);
            assert!(stored.contains(&sample), "not stored: {sample:?}");
        }
    }
    stored.len()
}
