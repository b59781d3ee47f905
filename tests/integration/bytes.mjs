// Handshakes and frames as bytes (RFC 6455, 4.1 and 5.2), and the text of addresses.

export function splitAddress(address) {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))];
}

export function handshake(query = '', headers = '', { path: route = '/', version = '13' } = {}) {
  return (
    `GET ${route}${query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: ${version}\r\n${headers}\r\n`
  );
}

// A client's frame, masked unless told otherwise.
export function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length } = {}) {
  const data = Buffer.from(payload);
  const size = length ?? data.length;
  const head = [(fin ? 0x80 : 0) | rsv | opcode];
  if (size < 126) head.push(size);
  else if (size < 65536) head.push(126, size >> 8, size & 255);
  else head.push(127, 0, 0, 0, 0, (size / 2 ** 24) & 255, (size >> 16) & 255, (size >> 8) & 255, size & 255);
  if (!masked) return Buffer.concat([Buffer.from(head), data]);
  head[1] |= 0x80;
  const mask = [0x12, 0x34, 0x56, 0x78];
  return Buffer.concat([Buffer.from([...head, ...mask]), Buffer.from(data.map((byte, at) => byte ^ mask[at & 3]))]);
}

export function parseFrames(bytes) {
  const frames = [];
  while (bytes.length >= 2) {
    let size = bytes[1] & 127;
    let at = 2;
    if (size === 126) [size, at] = bytes.length >= 4 ? [bytes.readUInt16BE(2), 4] : [Infinity, 4];
    else if (size === 127) [size, at] = bytes.length >= 10 ? [Number(bytes.readBigUInt64BE(2)), 10] : [Infinity, 10];
    if (bytes.length < at + size) break;
    frames.push({ opcode: bytes[0] & 15, final: bytes[0] >= 128, payload: bytes.subarray(at, at + size) });
    bytes = bytes.subarray(at + size);
  }
  return frames;
}
