import { expect, test } from "vitest";
import { codecName } from "../../desk/words";
import { besideIt, clockOffAsS, deviceAddress, streamShown } from "./device";

test("a host or a page is a device, and a stream is none", () => {
  expect(deviceAddress(" 192.168.10.21 ")).toBe("http://192.168.10.21");
  expect(deviceAddress("cong-bac.phuong.example:8899/onvif")).toBe("http://cong-bac.phuong.example:8899/onvif");
  expect(deviceAddress("[2001:db8::7]:80")).toBe("http://[2001:db8::7]:80");
  expect(deviceAddress("HTTPS://10.0.0.7/x")).toBe("HTTPS://10.0.0.7/x");
  for (const other of ["", "rtsp://10.0.0.7/main", "rtsps://10.0.0.7", "ftp://10.0.0.7", "cổng bắc", "a b"])
    expect(deviceAddress(other), other).toBeNull();
});

test("a sub-stream is asked at the port where the main stream has pictures", () => {
  const subs = ["rtsp://10.0.0.7:80/sub", "rtsp://10.0.0.7/sub"];
  expect(besideIt("rtsp://10.0.0.7/main", subs)).toBe("rtsp://10.0.0.7/sub");
  expect(besideIt("rtsp://10.0.0.7:80/main", subs)).toBe("rtsp://10.0.0.7:80/sub");
  expect(besideIt("rtsp://[2001:db8::7]:8554/main", subs)).toBe("rtsp://10.0.0.7:80/sub");
  expect(besideIt("rtsp://10.0.0.7/main", [])).toBe("");
});

test("a clock is told of only where it is too far off", () => {
  expect(clockOffAsS({ clock_offset_us: 4_900_000 })).toBeNull();
  expect(clockOffAsS({ clock_offset_us: -3_600_000_000 })).toBe(-3600);
  expect(clockOffAsS({ clock_offset_us: null })).toBeNull();
});

test("a stream is said as far as it is known", () => {
  const stream = { urls: [], codec: "H265", width: 2560, height: 1440, fps: null };
  expect(streamShown(stream, codecName)).toBe("H.265 2560 × 1440");
  expect(streamShown({ ...stream, codec: null, width: null }, codecName)).toBe("");
});
