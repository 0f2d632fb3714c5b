//! DNS discovery against a name server on loopback.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
use hickory_resolver::proto::op::{Message, OpCode};
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, NS, SRV};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::*;

/// What the server says to each (name, kind): records, or a failure. Everything else does not exist.
type Zone = Vec<(&'static str, RecordType, Result<Vec<RData>, ResponseCode>)>;

/// A name server on loopback that answers from a zone that the test may change.
struct Server {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    asked: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Server {
    async fn start(zone: Zone) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (zone, asked) = (Arc::new(Mutex::new(zone)), Arc::new(Mutex::new(Vec::new())));
        let mut task = JoinSet::new();
        let (zone_served, asked_served) = (Arc::clone(&zone), Arc::clone(&asked));
        task.spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
                let query = Message::from_vec(&buffer[..length]).unwrap();
                let answer = answer(&query, &zone_served.lock().unwrap(), &asked_served);
                socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
            }
        });
        Self { address, zone, asked, _task: task }
    }

    fn names(&self, settings: DnsDiscovery, search: &[&str]) -> Names {
        let mut connection = ConnectionConfig::udp();
        connection.port = self.address.port();
        let mut server = NameServerConfig::udp(self.address.ip());
        server.connections = vec![connection];
        let search = search.iter().map(|domain| name(domain)).collect();
        let config = ResolverConfig::from_parts(None, search, vec![server]);
        let mut options = ResolverOpts::default();
        (options.attempts, options.timeout) = (1, std::time::Duration::from_secs(2));
        let mut names = Names::new(settings);
        names.servers = Servers::Given(Box::new((config, options)));
        names
    }
}

fn answer(query: &Message, zone: &Zone, asked: &Mutex<Vec<String>>) -> Message {
    let question = &query.queries[0];
    let name = question.name().to_ascii().to_ascii_lowercase();
    asked.lock().unwrap().push(name.clone());
    let mut message = Message::response(query.metadata.id, OpCode::Query);
    message.add_query(question.clone());
    let known = zone.iter().any(|(have, _, _)| *have == name);
    match zone.iter().find(|(have, kind, _)| *have == name && *kind == question.query_type()) {
        Some((_, _, Ok(records))) => {
            let mut owner = question.name().clone();
            for data in records {
                message.add_answer(Record::from_rdata(owner.clone(), 60, data.clone()));
                if let RData::CNAME(alias) = data {
                    owner = alias.0.clone();
                }
            }
        }
        Some((_, _, Err(code))) => message.metadata.response_code = *code,
        None if known => {}
        None => message.metadata.response_code = ResponseCode::NXDomain,
    }
    message
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn settings(names: &[&str], record: DnsRecord, port: u16) -> DnsDiscovery {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    DnsDiscovery { names, record, port, refresh_interval: Millis::from_seconds(30) }
}

async fn look(names: &mut Names) -> (Vec<String>, Vec<String>) {
    let found = names.look().await;
    let groups = found.groups.unwrap_or_default();
    (groups.iter().flat_map(|group| group.targets.iter().map(ToString::to_string)).collect(), found.problems)
}

#[tokio::test]
async fn each_kind_of_record_becomes_targets_with_its_meta_labels() {
    let srv = |port, target: &str| RData::SRV(SRV::new(0, 0, port, name(target)));
    let server = Server::start(vec![
        ("_e._tcp.x.", RecordType::SRV, Ok(vec![srv(80, "a.x."), srv(81, "b.x."), srv(0, ".")])),
        ("h.x.", RecordType::A, Ok(vec![RData::A(A::new(10, 0, 0, 1)), RData::A(A::new(10, 0, 0, 2))])),
        ("h.x.", RecordType::AAAA, Ok(vec![RData::AAAA(AAAA::new(0xfd00, 0, 0, 0, 0, 0, 0, 1))])),
        ("x.", RecordType::MX, Ok(vec![RData::MX(MX::new(10, name("mail.x.")))])),
        ("x.", RecordType::NS, Ok(vec![RData::NS(NS(name("ns.x.")))])),
    ])
    .await;
    for (names, record, expect) in [
        (
            "_e._tcp.x.",
            DnsRecord::Srv,
            vec![
                r#"{__address__="a.x:80", __meta_dns_name="_e._tcp.x.", __meta_dns_srv_record_port="80", __meta_dns_srv_record_target="a.x."}"#,
                r#"{__address__="b.x:81", __meta_dns_name="_e._tcp.x.", __meta_dns_srv_record_port="81", __meta_dns_srv_record_target="b.x."}"#,
            ],
        ),
        (
            "h.x.",
            DnsRecord::A,
            vec![
                r#"{__address__="10.0.0.1:9", __meta_dns_name="h.x."}"#,
                r#"{__address__="10.0.0.2:9", __meta_dns_name="h.x."}"#,
            ],
        ),
        ("h.x.", DnsRecord::Aaaa, vec![r#"{__address__="[fd00::1]:9", __meta_dns_name="h.x."}"#]),
        (
            "x.",
            DnsRecord::Mx,
            vec![r#"{__address__="mail.x:9", __meta_dns_mx_record_target="mail.x.", __meta_dns_name="x."}"#],
        ),
        (
            "x.",
            DnsRecord::Ns,
            vec![r#"{__address__="ns.x:9", __meta_dns_name="x.", __meta_dns_ns_record_target="ns.x."}"#],
        ),
        ("h.x.", DnsRecord::Mx, vec![]),
        ("nobody.x.", DnsRecord::A, vec![]),
    ] {
        let (mut targets, problems) = look(&mut server.names(settings(&[names], record, 9), &[])).await;
        targets.sort_unstable();
        assert_eq!(
            (targets, problems),
            (expect.iter().map(ToString::to_string).collect(), vec![]),
            "{names} {record:?}"
        );
    }
}

#[tokio::test]
async fn a_name_that_can_not_be_looked_up_keeps_its_list_and_only_its() {
    let a = |last| Ok(vec![RData::A(A::new(10, 0, 0, last))]);
    let server = Server::start(vec![("a.x.", RecordType::A, a(1)), ("b.x.", RecordType::A, a(2))]).await;
    let mut names = server.names(settings(&["a.x.", "b.x."], DnsRecord::A, 9), &[]);
    assert_eq!(look(&mut names).await.0.len(), 2);
    *server.zone.lock().unwrap() =
        vec![("a.x.", RecordType::A, Err(ResponseCode::ServFail)), ("b.x.", RecordType::A, a(3))];
    let (targets, problems) = look(&mut names).await;
    assert_eq!(
        targets,
        [
            r#"{__address__="10.0.0.1:9", __meta_dns_name="a.x."}"#,
            r#"{__address__="10.0.0.3:9", __meta_dns_name="b.x."}"#
        ]
    );
    assert!(
        problems.len() == 1 && problems[0].starts_with(r#"A records of "a.x." can not be looked up: "#),
        "{problems:?}"
    );
    // A name that does not exist any more is an answer, and its targets go.
    *server.zone.lock().unwrap() = vec![("b.x.", RecordType::A, a(3))];
    assert_eq!(
        look(&mut names).await,
        (vec![r#"{__address__="10.0.0.3:9", __meta_dns_name="b.x."}"#.to_owned()], vec![])
    );
}

#[tokio::test]
async fn search_domains_are_tried_in_their_order() {
    let a = |last| Ok(vec![RData::A(A::new(10, 0, 0, last))]);
    let server = Server::start(vec![("web.two.", RecordType::A, a(1)), ("a.b.", RecordType::A, a(2))]).await;
    let mut names = server.names(settings(&["web"], DnsRecord::A, 9), &["one.", "two."]);
    assert_eq!(look(&mut names).await.0, [r#"{__address__="10.0.0.1:9", __meta_dns_name="web"}"#]);
    assert_eq!(*server.asked.lock().unwrap(), ["web.one.", "web.two."]);
    // With a dot in it a name is tried as it is first.
    server.asked.lock().unwrap().clear();
    let mut names = server.names(settings(&["a.b"], DnsRecord::A, 9), &["one."]);
    assert_eq!(look(&mut names).await.0, [r#"{__address__="10.0.0.2:9", __meta_dns_name="a.b"}"#]);
    assert_eq!(*server.asked.lock().unwrap(), ["a.b."]);
}

#[tokio::test]
async fn a_failure_in_one_search_domain_leaves_the_answer_open() {
    let server = Server::start(vec![("web.one.", RecordType::A, Err(ResponseCode::ServFail))]).await;
    let mut names = server.names(settings(&["web"], DnsRecord::A, 9), &["one.", "two."]);
    let (_, problems) = look(&mut names).await;
    assert_eq!(problems.len(), 1);
}

#[tokio::test]
async fn aliases_are_followed_and_are_no_targets() {
    let server = Server::start(vec![(
        "alias.x.",
        RecordType::A,
        Ok(vec![RData::CNAME(CNAME(name("real.x."))), RData::A(A::new(10, 0, 0, 7))]),
    )])
    .await;
    let mut names = server.names(settings(&["alias.x."], DnsRecord::A, 9), &[]);
    assert_eq!(
        look(&mut names).await,
        (vec![r#"{__address__="10.0.0.7:9", __meta_dns_name="alias.x."}"#.to_owned()], vec![])
    );
}

#[tokio::test]
async fn localhost_needs_no_name_server() {
    let server = Server::start(vec![]).await;
    for (record, expect) in [(DnsRecord::A, "127.0.0.1:7778"), (DnsRecord::Aaaa, "[::1]:7778")] {
        let mut names = server.names(settings(&["localhost"], record, 7778), &["one."]);
        let (targets, problems) = look(&mut names).await;
        assert_eq!(problems, [""; 0]);
        assert_eq!(targets, [format!(r#"{{__address__="{expect}", __meta_dns_name="localhost"}}"#)]);
    }
    assert_eq!(*server.asked.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_is_no_name_is_a_problem() {
    let server = Server::start(vec![]).await;
    let long = "a".repeat(70);
    let (_, problems) = look(&mut server.names(settings(&[&long], DnsRecord::A, 1), &[])).await;
    assert!(problems[0].contains("is no DNS name"), "{problems:?}");
}
