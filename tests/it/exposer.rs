//! A target that exposes whatever it is given.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A fake target on a port of its own.
pub(crate) struct Exposer {
    /// Host and port.
    pub(crate) address: String,
    body: Arc<Mutex<Vec<u8>>>,
    _tasks: JoinSet<()>,
}

impl Exposer {
    /// One that answers with `body`.
    pub(crate) async fn start(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let body = Arc::new(Mutex::new(body.as_bytes().to_vec()));
        let answer = Arc::clone(&body);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { continue };
                let body = answer.lock().unwrap().clone();
                // The request fits into one read; what it says does not matter.
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(&[head.into_bytes(), body].concat()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, body, _tasks: tasks }
    }

    /// Answers with `body` from now on.
    pub(crate) fn expose(&self, body: &str) {
        *self.body.lock().unwrap() = body.as_bytes().to_vec();
    }
}

/// A configuration that scrapes these targets every 100 ms, each as a service of its own: `s0`, `s1`, ….
pub(crate) fn config(targets: &[&Exposer], more: &str) -> String {
    let mut yaml = format!("global: {{scrape_interval: 100ms}}\n{more}\nservices:\n");
    for (number, target) in targets.iter().enumerate() {
        let address = &target.address;
        writeln!(yaml, "  - name: s{number}\n    static_configs: [{{targets: ['{address}']}}]").unwrap();
    }
    yaml
}
