//! A house of one function: a request in, an answer out, or a broken line.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use platforms::Endpoint;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) has_client_certificate: bool,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The value of a field of the body's form.
    pub(crate) fn form(&self, name: &str) -> String {
        let url = reqwest::Url::parse(&format!("https://x/?{}", self.body)).unwrap();
        let mut pairs = url.query_pairs();
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap()
    }
}

/// What goes out.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, headers, body.
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// The line is cut before a byte of the answer.
    Cut,
    /// The line is cut in the middle of the answer.
    CutInside,
    /// Nothing ever comes.
    Stall,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(200, Vec::new(), body.into())
    }
}

/// A running house.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) ca_pem: String,
    /// A merchant's certificate and its key.
    pub(crate) identity_pem: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (config, ca_pem, identity_pem) = certificates();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept) = (Arc::new(answer), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, answer) = (acceptor.clone(), Arc::clone(&answer));
                let seen = Arc::clone(&kept);
                tokio::spawn(async move {
                    let Ok(mut line) = acceptor.accept(socket).await else { return };
                    let Some(request) = read(&mut line).await else { return };
                    let reply = answer(&request);
                    seen.lock().unwrap().push(request);
                    write(line, reply).await;
                });
            }
        });
        Self { addr, ca_pem, identity_pem, seen }
    }

    /// All that came in so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The way to it, with patience for a local line.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let limit = Duration::from_secs(20);
        Endpoint {
            base_url: format!("https://localhost:{}", self.addr.port()),
            extra_root_pem: Some(self.ca_pem.clone()),
            answer_limit: limit,
            charge_limit: limit,
        }
    }
}

/// A server's configuration, its root, and a client's certificate of the same root.
fn certificates() -> (ServerConfig, String, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(params, ca_key);
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let (server, server_key) = signed("localhost");
    let (client, client_key) = signed("merchant");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder(roots.into());
    let verifier = verifier.allow_unauthenticated().build().unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(server.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(server_key.as_bytes()).unwrap(),
        )
        .unwrap();
    (config, ca.pem(), format!("{client}{client_key}"))
}

async fn read(line: &mut TlsStream<TcpStream>) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if line.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut rows = head.lines();
    let mut first = rows.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = rows
        .filter_map(|row| row.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_end + length {
        if line.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[head_end..].to_vec()).ok()?;
    let has_client_certificate = line.get_ref().1.peer_certificates().is_some();
    Some(Request { method, path, headers, body, has_client_certificate })
}

async fn write(mut line: TlsStream<TcpStream>, reply: Reply) {
    match reply {
        Reply::Cut => {}
        Reply::CutInside => {
            let _ = line.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<xml>").await;
            let _ = line.flush().await;
        }
        // Until the other side gives up.
        Reply::Stall => {
            let _ = line.read_u8().await;
        }
        Reply::Answer(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
            let _ = line.write_all(head.as_bytes()).await;
            let _ = line.write_all(&body).await;
            let _ = line.shutdown().await;
        }
    }
}
