"""A camera by other hands: GStreamer's RTSP server.

gst_camera.py USER PASSWORD PIPELINE serves PIPELINE (its payloader called pay0)
at rtsp://127.0.0.1:PORT/stream behind digest authentication. It prints PORT and
ends when its standard input does.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

user, password, pipeline = sys.argv[1:]
Gst.init(None)

factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(f"( {pipeline} )")
factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
permissions = GstRtspServer.RTSPPermissions()
permissions.add_role("viewer")
for permission in ("media.factory.access", "media.factory.construct"):
    permissions.add_permission_for_role("viewer", permission, True)
factory.set_permissions(permissions)

token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "viewer")
auth = GstRtspServer.RTSPAuth()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
auth.add_digest(user, password, token)

server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
server.set_auth(auth)
server.get_mount_points().add_factory("/stream", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)

loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_HUP, lambda *_: loop.quit())
loop.run()
