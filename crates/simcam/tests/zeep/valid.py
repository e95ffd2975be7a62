"""Checks that what a device of ONVIF answers is as its schemas have it.

Told by two arguments: host and port. The schemas are those that the client beside this
brings along. Prints what is not as it should be; a line for each.
"""

import sys
import urllib.request
from pathlib import Path

import onvif
from lxml import etree

SCHEMAS = Path(onvif.__file__).parent / "wsdl"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
SERVICES = {
    "tds": ("devicemgmt.wsdl", "http://www.onvif.org/ver10/device/wsdl"),
    "trt": ("media.wsdl", "http://www.onvif.org/ver10/media/wsdl"),
    "tptz": ("ptz.wsdl", "http://www.onvif.org/ver20/ptz/wsdl"),
    "timg": ("imaging.wsdl", "http://www.onvif.org/ver20/imaging/wsdl"),
    "tev": ("events.wsdl", "http://www.onvif.org/ver10/events/wsdl"),
    "tmd": ("deviceio.wsdl", "http://www.onvif.org/ver10/deviceIO/wsdl"),
}
PROFILE = "<{0}:ProfileToken>Profile_101</{0}:ProfileToken>"
SOURCE = "<timg:VideoSourceToken>VideoSource_1</timg:VideoSourceToken>"
SETUP = (
    "<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport>"
    "<tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>"
)
OPERATIONS = [
    ("tds", "GetSystemDateAndTime", ""),
    ("tds", "GetServices", "<tds:IncludeCapability>true</tds:IncludeCapability>"),
    ("tds", "GetCapabilities", ""),
    ("tds", "GetDeviceInformation", ""),
    ("tds", "GetNetworkInterfaces", ""),
    ("tds", "GetNetworkProtocols", ""),
    ("tds", "GetScopes", ""),
    ("tds", "GetHostname", ""),
    ("tds", "GetUsers", ""),
    ("tds", "GetRelayOutputs", ""),
    ("tds", "GetDNS", ""),
    ("tds", "GetNTP", ""),
    ("tds", "SystemReboot", ""),
    ("trt", "GetProfiles", ""),
    ("trt", "GetStreamUri", SETUP + PROFILE.format("trt")),
    ("trt", "GetSnapshotUri", PROFILE.format("trt")),
    ("trt", "GetVideoSources", ""),
    ("trt", "GetVideoSourceConfigurations", ""),
    ("trt", "GetVideoEncoderConfigurations", ""),
    ("trt", "GetVideoEncoderConfigurationOptions", ""),
    ("tptz", "GetNodes", ""),
    ("tptz", "GetConfigurations", ""),
    (
        "tptz",
        "GetConfigurationOptions",
        "<tptz:ConfigurationToken>PTZConfig_1</tptz:ConfigurationToken>",
    ),
    ("tptz", "SetPreset", PROFILE.format("tptz")),
    ("tptz", "GetPresets", PROFILE.format("tptz")),
    ("tptz", "GetStatus", PROFILE.format("tptz")),
    ("tptz", "Stop", PROFILE.format("tptz")),
    ("timg", "GetImagingSettings", SOURCE),
    ("timg", "GetOptions", SOURCE),
    ("tev", "GetEventProperties", ""),
    ("tev", "CreatePullPointSubscription", ""),
] + [(prefix, "GetServiceCapabilities", "") for prefix in SERVICES]


class Beside(etree.Resolver):
    """Finds what schemas import beside them, wherever they say it is."""

    def resolve(self, url, _, context):
        return self.resolve_filename(str(SCHEMAS / url.rsplit("/", 1)[-1]), context)


def schema(file, namespace):
    parser = etree.XMLParser()
    parser.resolvers.add(Beside())
    for found in etree.parse(SCHEMAS / file).iter("{http://www.w3.org/2001/XMLSchema}schema"):
        if found.get("targetNamespace") == namespace:
            text = etree.tostring(found)
            return etree.XMLSchema(etree.fromstring(text, parser, base_url=str(SCHEMAS / "x")))
    raise LookupError(namespace)


def ask(address, prefix, operation, inside):
    prefixes = "".join(f" xmlns:{name}='{uri}'" for name, (_, uri) in SERVICES.items())
    body = (
        f"<e:Envelope xmlns:e='{SOAP}' xmlns:tt='http://www.onvif.org/ver10/schema'{prefixes}>"
        f"<e:Body><{prefix}:{operation}>{inside}</{prefix}:{operation}></e:Body></e:Envelope>"
    )
    url = f"http://{address}/onvif/device_service"
    with urllib.request.urlopen(urllib.request.Request(url, body.encode())) as answer:
        root = etree.fromstring(answer.read())
    # What the root declares stands at the answer as well.
    return etree.fromstring(etree.tostring(root.find(f"{{{SOAP}}}Body")[0]))


schemas = {prefix: schema(*told) for prefix, told in SERVICES.items()}
for prefix, operation, inside in OPERATIONS:
    answer = ask(":".join(sys.argv[1:3]), prefix, operation, inside)
    if not schemas[prefix].validate(answer):
        print(f"{prefix}:{operation}: {schemas[prefix].error_log.last_error}")
