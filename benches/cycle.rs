//! What one scrape cycle of a large fleet costs the server, end to end: receiving, parsing, ingest, a durable commit.
//!
//! The real binary scrapes a fleet that runs in a process of its own over real HTTP; CPU time and peak memory are read
//! from the kernel. Peers' figures for the same fleet on a machine of the same kind stand beside ours (docs/benchmarks.md).
//! Not criterion: a cycle takes seconds and CPU time is the figure, not wall time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hydrophone::clock::Clock;
use hydrophone::demo::load::{self, Bodies, Load};
use hydrophone::model::time::Millis;

/// Targets, aggregates of each, seconds from cycle to cycle, and what Periskop took: CPU seconds and megabytes.
const FLEETS: [(usize, usize, u64, f64, u64); 2] = [(50, 200, 10, 2.6, 1060), (200, 1000, 60, 90.0, 15_000)];

const CYCLES: u64 = 4;

fn main() {
    if let Some(fleet) = std::env::args().find_map(|argument| argument.strip_prefix("--fleet=").map(str::to_owned)) {
        return serve(&fleet);
    }
    println!(
        "{:>14} {:>6} {:>9} {:>8} {:>8} {:>9} {:>22}",
        "fleet", "cycle", "user s", "sys s", "CPU s", "peak MB", "Periskop"
    );
    for (targets, aggregates, interval, periskop_cpu, periskop_memory) in FLEETS {
        measure(targets, aggregates, interval, periskop_cpu, periskop_memory);
    }
}

/// The fleet, in a process of its own: prints its ports and runs until it is killed.
fn serve(fleet: &str) {
    let numbers: Vec<usize> = fleet.split('x').map(|number| number.parse().unwrap()).collect();
    let load = Load {
        targets: numbers[0],
        targets_per_service: numbers[0],
        aggregates: numbers[1],
        samples: 10,
        frames: 15,
        change: 0.05,
        seed: 1,
        start: Clock::system().now(),
        interval: Millis::from_seconds(numbers[2] as i64),
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut listeners = Vec::new();
        for _ in 0..load.targets {
            listeners.push(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let addresses: Vec<String> =
            listeners.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect();
        println!("{}", addresses.join(" "));
        load::serve(Arc::new(Bodies::new(load)), listeners).await;
    });
}

/// Kills its process when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure(targets: usize, aggregates: usize, interval: u64, periskop_cpu: f64, periskop_memory: u64) {
    let mut fleet = Command::new(std::env::current_exe().unwrap());
    fleet.arg(format!("--fleet={targets}x{aggregates}x{interval}")).stdout(Stdio::piped());
    let mut fleet = Running(fleet.spawn().unwrap());
    let mut addresses = String::new();
    BufReader::new(fleet.0.stdout.take().unwrap()).read_line(&mut addresses).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("hydrophone.yaml");
    let list = addresses.split_whitespace().collect::<Vec<_>>().join(", ");
    let yaml = format!(
        "global: {{scrape_interval: {interval}s, scrape_timeout: {interval}s}}\nservices:\n- name: fleet\n  static_configs:\n  - targets: [{list}]\n"
    );
    std::fs::File::create(&config).unwrap().write_all(yaml.as_bytes()).unwrap();
    let web = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().to_string()
    };
    let mut server = Command::new(env!("CARGO_BIN_EXE_hydrophone"));
    server.arg("serve").arg("--config.file").arg(&config).arg("--storage.path").arg(directory.path().join("data"));
    server.args(["--web.listen-address", &web, "--log.level", "error"]);
    let server = Running(server.spawn().unwrap());
    let mut before = (0.0, 0.0);
    for cycle in 1..=CYCLES {
        while scraped(&web) < targets as u64 * cycle {
            std::thread::sleep(Duration::from_millis(200));
        }
        let (user, system) = cpu(server.0.id());
        let (user_s, system_s) = (user - before.0, system - before.1);
        println!(
            "{:>14} {cycle:>6} {user_s:>9.2} {system_s:>8.2} {:>8.2} {:>9} {:>13.1} s {:>5} MB",
            format!("{targets} x {aggregates}"),
            user_s + system_s,
            peak_mb(server.0.id()),
            periskop_cpu,
            periskop_memory
        );
        before = (user, system);
    }
}

/// How many scrapes were committed, from `/metrics`; 0 while the server starts.
fn scraped(web: &str) -> u64 {
    let Ok(mut stream) = TcpStream::connect(web) else { return 0 };
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let value = answer.lines().find_map(|line| line.strip_prefix("hydrophone_ingest_scrapes_total "));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// User and system CPU seconds of a process; the kernel counts hundredths.
fn cpu(pid: u32) -> (f64, f64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<f64>().unwrap() / 100.0, fields[12].parse::<f64>().unwrap() / 100.0)
}

fn peak_mb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
