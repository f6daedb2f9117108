//! One connection that asks and waits: what a screen on the box itself costs at the least.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

/// No answer of a till takes longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A connection to a workstation's commands, signed in.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    host: String,
    cookie: String,
}

impl Wire {
    /// Connects; `cookie` is the session's.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(host: &str, cookie: String) -> Result<Self> {
        let stream = TcpStream::connect(host).context("could not connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        let reader = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, reader, host: host.to_owned(), cookie })
    }

    /// Sends a request and gives back status and body.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let (host, cookie) = (&self.host, &self.cookie);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len(),
        );
        self.stream.write_all(request.as_bytes())?;
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status: u16 = status.context("not an HTTP answer")?;
        let mut length = 0_usize;
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok((status, String::from_utf8(body)?))
    }

    /// The same, and it must have been done.
    ///
    /// # Errors
    /// As `ask`, and when the status is not 2xx.
    pub fn done(&mut self, method: &str, path: &str, body: &str) -> Result<String> {
        let (status, answer) = self.ask(method, path, body)?;
        ensure!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        Ok(answer)
    }
}
