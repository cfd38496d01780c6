//! A relay that loses answers: a third of what a server says after a login is dropped, and the connection with it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rictl::dice::Dice;

/// A relay to a server on loopback.
#[derive(Debug)]
pub(crate) struct Lossy {
    pub(crate) port: u16,
    pub(crate) lost: Arc<AtomicU64>,
}

impl Lossy {
    /// Loses `percent` of the answers, by a die: any number of them in a row gets through now and then, so that whoever
    /// goes on trying ends.
    pub(crate) fn before(port: u16, percent: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let (dice, lost) = (Arc::new(Mutex::new(Dice::new(20_261_130))), Arc::new(AtomicU64::new(0)));
        let count = Arc::clone(&lost);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (dice, lost) = (Arc::clone(&dice), Arc::clone(&count));
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || {
                    std::io::copy(&mut from, &mut to).ok();
                    to.shutdown(Shutdown::Both).ok();
                });
                thread::spawn(move || {
                    answer(server, client, &|| {
                        let is_lost = dice.lock().unwrap().roll(100) < percent;
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
