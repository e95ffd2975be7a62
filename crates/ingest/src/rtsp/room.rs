//! Room in the kernel for what a camera sends while nobody reads.
//!
//! Whoever reads once in a while needs a window as large as what comes meanwhile. Left
//! to itself a connection begins with 64 kB, and grows where it sees that a reader is
//! quick; one that rests is none. Then the camera waits, and what it cannot keep it
//! leaves out.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// As much as 32 Mbit/s bring in a quarter of a second, and a keyframe. It is a bound:
/// what does not come takes no memory.
const ROOM: libc::c_int = 2 << 20;

/// Makes room for a connection, up to what the system allows (`net.ipv4.tcp_rmem`).
///
/// `SO_RCVBUF` would, too, up to a far lower bound (`net.core.rmem_max`), and takes from
/// the kernel to make more. A low water mark makes the kernel open the window for as much
/// (socket(7), SO_RCVLOWAT); it is taken back at once, and the window stays.
#[cfg(target_os = "linux")]
pub(crate) fn make(socket: &impl AsFd) -> io::Result<()> {
    low_water(socket, ROOM)?;
    low_water(socket, 1)
}

/// Other systems give more from the start.
#[cfg(not(target_os = "linux"))]
pub(crate) fn make(_: &impl AsFd) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "an option that no library has")]
fn low_water(socket: &impl AsFd, bytes: libc::c_int) -> io::Result<()> {
    let socket = socket.as_fd().as_raw_fd();
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is borrowed for this long, and the kernel reads one int.
    let set = unsafe {
        libc::setsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_RCVLOWAT,
            std::ptr::from_ref(&bytes).cast(),
            length,
        )
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;

    /// Sends in pieces as packets have them, to somebody who reads nothing, until
    /// nothing goes any more; returns how much went.
    fn taken(with_room: bool) -> usize {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        if with_room {
            make(&reader).unwrap();
        }
        let (mut camera, _) = listener.accept().unwrap();
        rustix::net::sockopt::set_socket_send_buffer_size(&camera, 4 << 10).unwrap();
        camera.set_nodelay(true).unwrap();
        camera.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let (piece, mut sent) = ([7; 1_400], 0);
        while sent < ROOM as usize / 2 {
            match camera.write(&piece) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        drop(camera);
        let mut all = Vec::new();
        { reader }.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), sent, "what was taken is there");
        sent
    }

    #[test]
    fn a_megabyte_waits_for_who_rests() {
        assert!(taken(true) >= ROOM as usize / 2);
        assert!(taken(false) < ROOM as usize / 4, "without room it would not");
    }
}
