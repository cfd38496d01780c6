//! A relay that loses answers: a third of what a server says after a login is dropped, and the connection with it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A relay to a server on loopback.
#[derive(Debug)]
pub(crate) struct Lossy {
    pub(crate) port: u16,
    pub(crate) lost: Arc<AtomicU64>,
}

impl Lossy {
    /// Loses `percent` of the answers, always the same ones.
    pub(crate) fn before(port: u16, percent: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let (answers, lost) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
        let count = Arc::clone(&lost);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (answers, lost) = (Arc::clone(&answers), Arc::clone(&count));
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || {
                    std::io::copy(&mut from, &mut to).ok();
                    to.shutdown(Shutdown::Both).ok();
                });
                thread::spawn(move || {
                    answer(server, client, &|| {
                        let number = answers.fetch_add(1, Ordering::Relaxed);
                        let is_lost = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < (percent << 32) / 100;
                        lost.fetch_add(u64::from(is_lost), Ordering::Relaxed);
                        is_lost
                    })
                });
            }
        });
        Self { port: own, lost }
    }
}

fn answer(mut server: TcpStream, mut client: TcpStream, is_lost: &dyn Fn() -> bool) {
    let (mut bytes, mut is_logged_in) = ([0; 1 << 16], false);
    while let Ok(length @ 1..) = server.read(&mut bytes) {
        if is_logged_in && is_lost() {
            break;
        }
        // The end of the login is `ReadyForQuery`: Z, its length, idle.
        is_logged_in |= bytes[..length].windows(6).any(|end| end == b"Z\0\0\0\x05I");
        if client.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    client.shutdown(Shutdown::Both).ok();
    server.shutdown(Shutdown::Both).ok();
}
