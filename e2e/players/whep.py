"""A player of another make, aiortc, that watches by WHEP. Started by e2e/src/players.rs:

    python whep.py '{"address", "ca", "token", "role", "frames", "pictures",
                     "sound": {"file", "seconds"} or nothing, "profile" or nothing}'

Writes each decoded frame to the file "pictures" as 640 x 360 gray bytes, where
sound is wanted what was heard of it to its file, as samples of 16 bits, and what
it found to standard output, as JSON. It listens until it has heard so many
seconds; to a server that says it sends no sound, as long as there are pictures.
A profile is that of SRTP, where it shall be that and no other.
"""

import asyncio
import json
import ssl
import sys
import urllib.request

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcdtlstransport import SRTP_PROFILES

SIZE = (640, 360)
# What aiortc decodes Opus to.
RATE, CHANNELS = 48000, 2
PATIENCE_S = 120


def ask(told, method, path, body=None):
    """Sends a request with the token and nothing that a browser would add."""
    request = urllib.request.Request(told["address"] + path, method=method, data=body)
    request.add_header("Authorization", "Bearer " + told["token"])
    if body is not None:
        request.add_header("Content-Type", "application/sdp")
    context = ssl.create_default_context(cafile=told["ca"])
    return urllib.request.urlopen(request, context=context, timeout=PATIENCE_S)


def gray(frame):
    """Returns a frame as rows of gray, without what pads them."""
    plane = frame.reformat(*SIZE, format="gray").planes[0]
    rows, width = bytes(plane), plane.line_size
    return b"".join(rows[at * width : at * width + SIZE[0]] for at in range(SIZE[1]))


async def listen(track, wanted, heard):
    """Writes samples down until there are enough; `heard` says how many there are."""
    with open(wanted["file"], "wb") as samples:
        while wanted["seconds"] is None or heard["samples"] < wanted["seconds"] * RATE:
            frame = await track.recv()
            # Two bytes a sample of each channel, and behind them what pads the plane.
            samples.write(bytes(frame.planes[0])[: frame.samples * CHANNELS * 2])
            heard["samples"] += frame.samples


async def reported(receiver):
    """Returns how many packets the server said that it had sent."""
    stats = await receiver.getStats()
    return sum(one.packetsSent for one in stats.values() if one.type == "remote-outbound-rtp")


async def watch(told):
    if told.get("profile"):
        wanted = told["profile"].encode()
        SRTP_PROFILES[:] = [one for one in SRTP_PROFILES if one.openssl_profile == wanted]
    player = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    player.addTransceiver("video", direction="recvonly")
    wanted, sound = told.get("sound"), None
    if wanted:
        sound = player.addTransceiver("audio", direction="recvonly")
    await player.setLocalDescription(await player.createOffer())
    offer = player.localDescription.sdp.encode()
    path = "/api/v1/whep?role=" + told["role"]
    answer = await asyncio.to_thread(ask, told, "POST", path, offer)
    sdp, ends_at = answer.read().decode(), answer.headers["Location"]
    await player.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
    track = player.getReceivers()[0].track
    heard, listening = {"samples": 0, "rate": RATE, "channels": CHANNELS}, None
    if wanted and sound.receiver.track:
        listening = asyncio.create_task(listen(sound.receiver.track, wanted, heard))
    sizes, times = set(), []
    with open(told["pictures"], "wb") as pictures:
        for _ in range(told["frames"]):
            frame = await track.recv()
            sizes.add((frame.width, frame.height))
            times.append(frame.pts)
            pictures.write(gray(frame))
    if listening and wanted["seconds"] is not None:
        await listening
    elif listening:
        listening.cancel()
    packets = await reported(player.getReceivers()[0])
    ended = await asyncio.to_thread(ask, told, "DELETE", ends_at)
    again = None
    try:
        await asyncio.to_thread(ask, told, "DELETE", ends_at)
    except urllib.error.HTTPError as error:
        again = error.status
    await player.close()
    return {
        "status": answer.status,
        "ended": ended.status,
        "again": again,
        "sizes": sorted(sizes),
        "times": times,
        "sound": heard,
        "reported": packets,
    }


async def main():
    found = await asyncio.wait_for(watch(json.loads(sys.argv[1])), PATIENCE_S)
    print(json.dumps(found))


asyncio.run(main())
