//! The fleet that misbehaves keeps its promises: a plain client that follows the truth rules ends with what was thrown.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::model::time::Timestamp;

/// One scrape: status and body, or nothing when the answer did not come whole.
async fn get(address: SocketAddr) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET /-/exceptions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ok()?;
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(std::time::Duration::from_millis(30), read).await.ok()?.ok()?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length: usize = head.split("Content-Length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
    let body = bytes.split_off(end);
    (body.len() == length).then_some((status, body))
}

/// A server in a few lines: the baseline of each (identity, key) and the sum of all deltas.
#[derive(Default)]
struct Server {
    baselines: BTreeMap<(String, String), (u64, String)>,
    sums: BTreeMap<(SocketAddr, String), u64>,
}

impl Server {
    fn apply(&mut self, address: SocketAddr, body: &Value) {
        let uuid = body["target_uuid"].as_str();
        for aggregate in body["aggregated_errors"].as_array().unwrap() {
            let key = aggregate["aggregation_key"].as_str().unwrap().to_owned();
            let (count, created) = (aggregate["total_count"].as_u64().unwrap(), aggregate["created_at"].to_string());
            let identity = uuid.map_or_else(|| address.to_string(), str::to_owned);
            let known = self.baselines.insert((identity, key.clone()), (count, created.clone()));
            let delta = match known {
                Some((before, since)) if count >= before && (uuid.is_some() || since == created) => count - before,
                _ => count,
            };
            *self.sums.entry((address, key)).or_default() += delta;
        }
    }

    async fn scrape(&mut self, address: SocketAddr) {
        // A refused connection is known at once; the fleet needs its turn to listen again.
        tokio::task::yield_now().await;
        if let Some((200, body)) = get(address).await
            && let Ok(body) = serde_json::from_slice::<Value>(&body)
            && body["aggregated_errors"].is_array()
        {
            self.apply(address, &body);
        }
    }

    fn knows(&self, truth: &[Truth]) -> bool {
        truth.iter().all(|one| {
            let address: SocketAddr = one.address.parse().unwrap();
            self.sums.get(&(address, one.key.clone())).copied().unwrap_or(0) == one.thrown
        })
    }
}

#[tokio::test]
async fn a_server_that_follows_the_rules_ends_with_what_was_thrown() {
    let options = Options { targets: 6, aggregates: 4, faults: 0.5, ..Options::default() };
    let clock = Clock::mock(Timestamp(1_795_168_800_000));
    let (chaos, listeners) = Chaos::bind(options, clock.clone(), Ipv4Addr::LOCALHOST.into()).await.unwrap();
    let mut server = Server::default();
    let judge = async {
        for turn in 0..40 {
            chaos.throw_some();
            clock.advance(Millis(700));
            for target in 0..chaos.len() {
                server.scrape(chaos.address(target).unwrap()).await;
            }
            for one in chaos.truth() {
                let sum = server.sums.get(&(one.address.parse().unwrap(), one.key.clone())).copied().unwrap_or(0);
                assert!(sum <= one.thrown, "more than was thrown: {one:?} {sum}");
                assert!(one.exposed <= one.thrown);
            }
            let target = turn % chaos.len();
            chaos.hold(target);
            let address = chaos.address(target).unwrap();
            for step in ["hold", "end", "release"] {
                for attempt in 0.. {
                    if server.knows(&chaos.truth_of(target)) {
                        break;
                    }
                    assert!(attempt < 1000, "{step}: {:?} {:?}", chaos.truth_of(target), server.sums);
                    clock.advance(Millis(700));
                    server.scrape(address).await;
                }
                match step {
                    "hold" => chaos.end_life(target).unwrap(),
                    "end" => chaos.release(target),
                    _ => {}
                }
            }
        }
        assert!(chaos.truth().iter().map(|one| one.thrown).sum::<u64>() > 1000);
    };
    tokio::select! {
        () = judge => {}
        never = chaos.serve(listeners) => match never {},
    }
    assert!(chaos.answers().iter().all(|(_, times)| *times > 0), "{:?}", chaos.answers());
}

#[tokio::test]
async fn a_life_does_not_end_before_its_counts_were_seen() {
    let clock = Clock::mock(Timestamp(1_795_168_800_000));
    let options = Options { targets: 1, ..Options::default() };
    let (chaos, listeners) = Chaos::bind(options, clock, Ipv4Addr::LOCALHOST.into()).await.unwrap();
    chaos.throw(0, 0, 5);
    assert_eq!(chaos.end_life(0), Err(Refusal::NotHeld));
    chaos.hold(0);
    assert_eq!(chaos.end_life(0), Err(Refusal::NotExposed));
    assert_eq!(chaos.end_life(1), Err(Refusal::Unknown));
    assert_eq!((chaos.truth()[0].thrown, chaos.truth()[0].exposed), (5, 0));
    let scraped = async {
        while chaos.truth()[0].exposed < 5 {
            get(chaos.address(0).unwrap()).await.unwrap();
        }
    };
    tokio::select! {
        () = scraped => {}
        never = chaos.serve(listeners) => match never {},
    }
    chaos.throw(0, 0, 5);
    assert_eq!(chaos.truth()[0].thrown, 5, "held targets throw nothing");
    assert_eq!(chaos.end_life(0), Ok(()));
}

#[tokio::test]
async fn a_reset_under_the_same_uuid_always_shows_as_a_decrease() {
    let clock = Clock::mock(Timestamp(1_795_168_800_000));
    let options = Options { targets: 2, aggregates: 3, ..Options::default() };
    let (chaos, listeners) = Chaos::bind(options, clock, Ipv4Addr::LOCALHOST.into()).await.unwrap();
    assert_eq!(chaos.identity(1), Some(Identity::Kept));
    let counts = async || {
        let body: Value = serde_json::from_slice(&get(chaos.address(1).unwrap()).await.unwrap().1).unwrap();
        let aggregates = body["aggregated_errors"].as_array().unwrap();
        let count = |one: &Value| (one["aggregation_key"].to_string(), one["total_count"].as_u64().unwrap());
        aggregates.iter().map(count).collect::<BTreeMap<_, _>>()
    };
    let judge = async {
        chaos.throw(1, 0, 1);
        chaos.throw(1, 1, 9);
        let mut refused = 0;
        for _ in 0..20 {
            chaos.hold(1);
            let before = counts().await;
            if chaos.end_life(1) == Err(Refusal::NothingBelow) {
                refused += 1;
                chaos.release(1);
                continue;
            }
            let after = counts().await;
            assert_eq!(before.len(), after.len());
            assert!(before.iter().zip(&after).all(|(old, new)| old.1 > new.1), "{before:?} {after:?}");
        }
        assert!(refused > 0);
    };
    tokio::select! {
        () = judge => {}
        never = chaos.serve(listeners) => match never {},
    }
}

#[tokio::test]
async fn the_configuration_names_every_target() {
    let clock = Clock::mock(Timestamp(0));
    let (chaos, _listeners) = Chaos::bind(Options::default(), clock, Ipv4Addr::LOCALHOST.into()).await.unwrap();
    let yaml = chaos.config_yaml(Millis::from_seconds(1), Millis(500));
    crate::config::parse(&yaml, "chaos.yaml").unwrap();
    for target in 0..chaos.len() {
        assert!(yaml.contains(&chaos.address(target).unwrap().to_string()));
    }
}
