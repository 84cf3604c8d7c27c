//! Measures how many inserts a second the simulator serves over keep-alive connections on loopback.
//!
//! `cargo run --release -p calsync-simulator --example insert_rate -- [INSERTS] [CONNECTIONS]`

use std::io;

use calsync_simulator::{NewAccount, Simulator, SimulatorOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "a measurement takes the machine's time")]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let inserts = arguments.next().unwrap_or(100_000);
    let connections = arguments.next().unwrap_or(16);

    let simulator = Simulator::new(SimulatorOptions::default());
    simulator.add_account(NewAccount::of("ana@example.com"));
    let token = simulator.access_token("ana@example.com").unwrap_or_default();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { simulator.serve(listener, std::future::pending()).await });

    let started = std::time::Instant::now();
    let mut writers = Vec::new();
    for connection in 0..connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        writers.push(tokio::spawn(insert(stream, token.clone(), connection, inserts / connections)));
    }
    for writer in writers {
        writer.await??;
    }
    let seconds = started.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(inserts).unwrap_or(u32::MAX)) / seconds;
    println!("{inserts} inserts over {connections} connections: {rate:.0} a second");
    Ok(())
}

async fn insert(mut stream: TcpStream, token: String, connection: usize, count: usize) -> io::Result<()> {
    let mut answer = vec![0; 16 * 1024];
    for index in 0..count {
        let body = format!(
            r#"{{"id":"c{connection}n{index:05}","summary":"Session {index}","description":"With a link","start":{{"dateTime":"2031-03-10T09:00:00Z"}},"end":{{"dateTime":"2031-03-10T10:00:00Z"}},"extendedProperties":{{"private":{{"stamp":"{index}"}}}}}}"#
        );
        let request = format!(
            "POST /calendar/v3/calendars/primary/events?sendUpdates=none HTTP/1.1\r\nHost: simulator\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let read = stream.read(&mut answer).await?;
        if !answer[..read].starts_with(b"HTTP/1.1 200") {
            return Err(io::Error::other(String::from_utf8_lossy(&answer[..read]).into_owned()));
        }
    }
    Ok(())
}
