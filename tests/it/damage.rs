//! The real binary on a disk that changed what was written.

use std::os::unix::fs::FileExt;
use std::path::Path;

use reqwest::Method;

use crate::process::{AGAIN, Place, Process, hydrophone, run};

/// Bytes of a page. The first one has checksums, the second one the header.
const PAGE_BYTES: usize = 4096;

/// Questions whose answers do not change with time, about what is in memory and what is on disk only.
const QUESTIONS: [&str; 8] = [
    "/api/v1/range?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z&step=1h",
    "/api/v1/range?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z&step=60s&by=service",
    "/api/v1/range?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z&step=1d&by=severity",
    "/api/v1/top?by=aggregate&start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z",
    "/api/v1/aggregates/1/occurrences",
    "/api/v1/aggregates/2/distribution?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z",
    "/api/v1/activity?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z",
    "/api/v1/targets/1/history?start=2026-11-20T00:00:00Z&end=2026-11-21T00:00:00Z",
];

async fn answers(server: &Process) -> Vec<(u16, String)> {
    let mut answers = Vec::new();
    for question in QUESTIONS {
        answers.push(server.send(Method::GET, question).await);
    }
    answers
}

/// Changes a bit of a page, where what stands there says where its rows are.
fn damage(data: &Path, page: usize) {
    let database = data.join("hydrophone.redb");
    let file = std::fs::OpenOptions::new().read(true).write(true).open(database).unwrap();
    let mut byte = [0];
    let at = (page * PAGE_BYTES + 4 + page % 40) as u64;
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 2], at).unwrap();
}

/// Pages of a database in use.
fn pages(data: &Path) -> Vec<usize> {
    let bytes = std::fs::read(data.join("hydrophone.redb")).unwrap();
    (2..bytes.len() / PAGE_BYTES)
        .filter(|page| bytes[page * PAGE_BYTES..][..PAGE_BYTES].iter().any(|byte| *byte != 0))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_disk_changed_a_page_says_so_or_answers_what_it_would_have() {
    let place = Place::new("global: {scrape_interval: 30s}\n");
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/data-dir/v2/backup.tar.zst");
    let restore = || {
        let mut restore = hydrophone();
        restore.args(["restore", "--force"]).arg(&archive).arg("--storage.path").arg(place.data());
        assert!(run(restore).status.success());
    };
    restore();
    let mut server = place.start();
    server.ready().await;
    server.until("/api/v1/status", 30, |status| status["search"]["complete"] == true).await;
    assert_eq!(server.json("/api/v1/status").await["storage"]["damaged_pages"], 0);
    let (_, metrics) = server.send(Method::GET, "/metrics").await;
    assert!(metrics.contains("\nhydrophone_storage_damaged_pages 0\n"), "{metrics}");
    let before = answers(&server).await;
    for (question, (status, body)) in QUESTIONS.iter().zip(&before) {
        assert_eq!(*status, 200, "{question}: {body}");
    }
    server.signal("TERM");
    server.wait(20).await;

    // redb walks through all pages when it opens a file, but only where it is built with debug assertions.
    let (mut refused, mut failed) = (0, 0);
    for round in 0..8 {
        restore();
        let pages = pages(&place.data());
        damage(&place.data(), pages[pages.len() * round / 8]);
        let mut server = place.start();
        while server.ended().is_none() && server.url_now().borrow().is_none() {
            tokio::time::sleep(AGAIN).await;
        }
        if let Some(status) = server.ended() {
            assert!(!status.success() && server.log().contains("hydrophone verify"), "{status}: {}", server.log());
            refused += 1;
            continue;
        }
        server.ready().await;
        for (question, (before, after)) in QUESTIONS.iter().zip(before.iter().zip(answers(&server).await)) {
            if after.0 == 200 {
                assert_eq!(after.1, before.1, "{question}");
            } else {
                assert!(after.0 == 500 && after.1.contains("hydrophone verify"), "{question}: {after:?}");
                failed += 1;
            }
        }
    }
    assert!(refused + failed > 0);
}
