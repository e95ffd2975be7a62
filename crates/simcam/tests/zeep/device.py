"""Asks a device of ONVIF as home automation does, and prints what it found as JSON.

Told by one argument of JSON: host, port, user, password. While it waits for an event
it prints a line, so that whoever runs it can raise one.
"""

import asyncio
import datetime
import json
import sys

from onvif import ONVIFCamera
from zeep.helpers import serialize_object


async def look(told):
    camera = ONVIFCamera(
        told["host"], told["port"], told["user"], told["password"], adjust_time=True
    )
    found = {}
    await camera.update_xaddrs()
    found["services"] = sorted(camera.xaddrs)
    capabilities = await camera.get_capabilities()
    found["media"] = capabilities["Media"]["XAddr"]

    device = await camera.create_devicemgmt_service()
    information = await device.GetDeviceInformation()
    found["device"] = [information.Manufacturer, information.Model, information.SerialNumber]
    interfaces = await device.GetNetworkInterfaces()
    found["mac"] = interfaces[0].Info.HwAddress
    found["protocols"] = [[one.Name, one.Port] for one in await device.GetNetworkProtocols()]
    found["scopes"] = len(await device.GetScopes())
    found["users"] = [[one.Username, one.UserLevel] for one in await device.GetUsers()]
    found["relays"] = [one.token for one in await device.GetRelayOutputs()]
    await device.GetDNS()
    await device.GetNTP()
    await device.GetHostname()

    media = await camera.create_media_service()
    profiles = await media.GetProfiles()
    found["profiles"] = [
        [
            one.token,
            one.Name,
            one.VideoEncoderConfiguration.Encoding,
            one.VideoEncoderConfiguration.Resolution.Width,
            one.VideoEncoderConfiguration.RateControl.BitrateLimit,
            one.PTZConfiguration is not None,
        ]
        for one in profiles
    ]
    token = profiles[0].token
    setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
    uri = await media.GetStreamUri({"StreamSetup": setup, "ProfileToken": token})
    found["stream"] = uri.Uri
    found["sources"] = [one.Resolution.Width for one in await media.GetVideoSources()]
    options = await media.GetVideoEncoderConfigurationOptions({"ProfileToken": token})
    found["options"] = options.H264.ResolutionsAvailable[0].Width
    await media.GetVideoSourceConfigurations()
    await media.GetVideoEncoderConfigurations()
    await media.SetSynchronizationPoint({"ProfileToken": token})
    found["snapshot"] = len(await camera.get_snapshot(token))

    ptz = await camera.create_ptz_service()
    nodes = await ptz.GetNodes()
    found["node"] = [nodes[0].token, nodes[0].MaximumNumberOfPresets]
    configurations = await ptz.GetConfigurations()
    found["ptz"] = [
        configurations[0].token,
        configurations[0].DefaultContinuousPanTiltVelocitySpace,
    ]
    ranges = await ptz.GetConfigurationOptions({"ConfigurationToken": configurations[0].token})
    space = ranges.Spaces.ContinuousPanTiltVelocitySpace[0]
    found["range"] = [space.XRange.Min, space.XRange.Max]
    velocity = {"PanTilt": {"x": 0.1, "y": 0.0}}
    await ptz.ContinuousMove(
        {"ProfileToken": token, "Velocity": velocity, "Timeout": datetime.timedelta(seconds=5)}
    )
    found["moving"] = (await ptz.GetStatus({"ProfileToken": token})).MoveStatus.PanTilt
    await ptz.Stop({"ProfileToken": token, "PanTilt": True, "Zoom": True})
    status = await ptz.GetStatus({"ProfileToken": token})
    found["stopped"] = [status.MoveStatus.PanTilt, status.Position.PanTilt.x > 0]
    preset = await ptz.SetPreset({"ProfileToken": token, "PresetName": "Cổng"})
    found["presets"] = [
        [one.token == preset, one.Name] for one in await ptz.GetPresets({"ProfileToken": token})
    ]
    await ptz.GotoPreset({"ProfileToken": token, "PresetToken": preset})
    await ptz.RemovePreset({"ProfileToken": token, "PresetToken": preset})

    imaging = await camera.create_imaging_service()
    settings = await imaging.GetImagingSettings({"VideoSourceToken": "VideoSource_1"})
    found["imaging"] = [settings.Brightness, settings.IrCutFilter]
    await imaging.GetOptions({"VideoSourceToken": "VideoSource_1"})
    await imaging.SetImagingSettings(
        {"VideoSourceToken": "VideoSource_1", "ImagingSettings": {"Brightness": 60.0}}
    )

    events = await camera.create_events_service()
    properties = await events.GetEventProperties()
    found["topics"] = properties.FixedTopicSet
    manager = await camera.create_pullpoint_manager(datetime.timedelta(seconds=60), lambda: None)
    await manager.set_synchronization_point()
    print("waiting", flush=True)
    service = manager.get_service()
    pulled = await service.PullMessages(
        {"MessageLimit": 10, "Timeout": datetime.timedelta(seconds=60)}
    )
    found["events"] = [
        [
            one.Topic._value_1,
            one.Message._value_1.Data.SimpleItem[0].Name,
            one.Message._value_1.Data.SimpleItem[0].Value,
            serialize_object(one.Message._value_1.PropertyOperation),
        ]
        for one in pulled.NotificationMessage
    ]
    await manager.shutdown()
    await camera.close()
    return found


print(json.dumps(asyncio.run(look(json.loads(sys.argv[1])))), flush=True)
