//! The fleet, live: every process answers at its own address on loopback, crashed ones refuse connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::discovery::TargetFiles;
use super::fleet::Fleet;
use super::http::{self, Answer, Site};
use super::slot::{PATH, State};
use crate::clock::Clock;
use crate::model::time::Millis;

/// How often processes come and go, at most: what happens to them is seen that much late.
const TICK: Millis = Millis(200);

/// The addresses at which a fleet answers, held from the moment they are known.
#[derive(Debug)]
pub struct Listeners {
    addresses: Vec<SocketAddr>,
    listeners: Vec<Option<TcpListener>>,
}

impl Listeners {
    /// Takes an address for each of the fleet's targets, at free ports of `ip`, and tells the fleet: the events of its
    /// history then name them too. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When a port can not be had.
    pub async fn bind(fleet: &mut Fleet, ip: IpAddr) -> io::Result<Self> {
        let (mut addresses, mut listeners) = (Vec::new(), Vec::new());
        for _ in 0..fleet.len() {
            let listener = TcpListener::bind((ip, 0)).await?;
            addresses.push(listener.local_addr()?);
            listeners.push(Some(listener));
        }
        fleet.listen_at(&addresses);
        Ok(Self { addresses, listeners })
    }

    /// The addresses in the order of the fleet's targets.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

/// Lets the fleet live by `clock` and answers scrapes at `listeners`, for as long as the future is not dropped.
///
/// `discovered` gets the files of targets at once and then whenever a target comes or goes.
pub async fn serve(
    fleet: Fleet,
    listeners: Listeners,
    clock: Clock,
    discovered: watch::Sender<TargetFiles>,
) -> std::convert::Infallible {
    let fleet = Arc::new(Mutex::new(fleet));
    let mut lives = Vec::new();
    let mut slots = JoinSet::new();
    for (slot, (address, listener)) in listeners.addresses.into_iter().zip(listeners.listeners).enumerate() {
        let (sender, receiver) = watch::channel(None);
        lives.push(sender);
        let place = Arc::new(Place { fleet: Arc::clone(&fleet), slot, clock: clock.clone() });
        slots.spawn(http::keep(address, listener, place, receiver));
    }
    let mut generation = None;
    loop {
        {
            let mut fleet = lock(&fleet);
            fleet.advance(clock.now());
            // Whoever watches discovery sees departures there.
            fleet.take_departed();
            for (slot, sender) in fleet.slots.iter().zip(&lives) {
                let life = matches!(slot.state, State::Up(_)).then_some(slot.lives);
                sender.send_if_modified(|known| std::mem::replace(known, life) != life);
            }
            if generation.replace(fleet.generation()) != Some(fleet.generation()) {
                discovered.send_replace(fleet.target_files());
            }
        }
        clock.sleep(TICK).await;
    }
}

/// One slot of the fleet, as a site.
struct Place {
    fleet: Arc<Mutex<Fleet>>,
    slot: usize,
    clock: Clock,
}

impl Site for Place {
    fn answer(&self, path: &str) -> Answer {
        let (status, content_type, text) = {
            let mut fleet = lock(&self.fleet);
            fleet.advance(self.clock.now());
            match fleet.body(self.slot) {
                None => return Answer::Close,
                Some(body) if path == PATH => (200, body.content_type, body.text),
                Some(_) => (404, "text/plain; charset=utf-8", "not found\n".to_owned()),
            }
        };
        Answer::Full { status, content_type, body: text.into_bytes(), receipt: None }
    }
}

/// A panic while the fleet was locked would be a test's; the fleet is still whole then.
fn lock(fleet: &Mutex<Fleet>) -> MutexGuard<'_, Fleet> {
    fleet.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::demo::schedule::{self, Move};
    use crate::demo::story::{DAY, MINUTE};
    use crate::model::time::Timestamp;

    const NOW: Timestamp = Timestamp(1_795_168_800_000);

    /// Two requests on one connection: the second one's body.
    async fn get(address: SocketAddr) -> io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        let request = |connection| format!("GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n");
        stream.write_all((request("keep-alive") + &request("close")).as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
        Ok(text.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned())
    }

    /// Asks until somebody answers at `address`, or nobody does.
    async fn until(address: SocketAddr, answers: bool) {
        for _ in 0..10_000 {
            if get(address).await.is_ok() == answers {
                return;
            }
            // A refusal is known at once; the fleet needs its turn.
            tokio::task::yield_now().await;
        }
        panic!("{address} never came to answers = {answers}");
    }

    #[tokio::test]
    async fn processes_answer_where_discovery_says_and_a_crashed_one_refuses_until_it_is_back() {
        let mut fleet = Fleet::aged(4, NOW, Millis(MINUTE));
        let listeners = Listeners::bind(&mut fleet, Ipv4Addr::LOCALHOST.into()).await.unwrap();
        let addresses = listeners.addresses().to_vec();
        let mut twin = Fleet::aged(4, NOW, Millis(MINUTE));
        let clock = Clock::mock(NOW);
        let (sender, mut discovered) = watch::channel(TargetFiles::default());
        // The first live crash, and the time of its return.
        let moves = schedule::moves(4, NOW, Timestamp(NOW.0.div_euclid(DAY) * DAY));
        let mut ahead = moves.into_iter().filter(|(at, _)| *at >= NOW);
        let crash = ahead.find_map(|(at, what)| if let Move::Crash(slot) = what { Some((at, slot)) } else { None });
        let (at, slot) = crash.unwrap();
        let (back, _) = ahead.find(|(_, what)| *what == Move::Return(slot)).unwrap();
        let judge = async {
            discovered.wait_for(|files| !files.is_empty()).await.unwrap();
            assert!(discovered.borrow().iter().any(|file| file.json.contains(&addresses[slot].to_string())));
            let (dead, alive) = addresses.split_last().unwrap();
            twin.advance(NOW);
            for (index, address) in alive.iter().enumerate() {
                assert_eq!(get(*address).await.unwrap(), twin.body(index).unwrap().text);
            }
            until(*dead, false).await;
            clock.advance(at.since(NOW));
            until(addresses[slot], false).await;
            clock.advance(back.since(at));
            until(addresses[slot], true).await;
            twin.advance(back);
            assert_eq!(get(addresses[slot]).await.unwrap(), twin.body(slot).unwrap().text);
            // A release comes within half an hour, and discovery tells of it.
            discovered.mark_unchanged();
            clock.advance(Millis(30 * MINUTE));
            discovered.changed().await.unwrap();
        };
        tokio::select! {
            () = judge => {}
            never = serve(fleet, listeners, clock.clone(), sender) => match never {},
        }
    }
}
