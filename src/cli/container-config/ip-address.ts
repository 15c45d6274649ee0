const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Whether the text is an IPv4 or IPv6 address. (node:net knows too, but takes milliseconds to load.) */
export function isIpAddress(text: string): boolean {
  return IPV4.test(text) || isIpv6(text);
}

function isIpv6(text: string): boolean {
  const address = text.replace(/%[\w.-]+$/, "");
  const tail = /:([\d.]+)$/.exec(address)?.[1];
  const embedsIpv4 = tail?.includes(".") === true;
  if (embedsIpv4 && !IPV4.test(tail ?? "")) return false;
  // An embedded IPv4 address stands for two groups.
  const groups = embedsIpv4 ? address.replace(/[\d.]+$/, "0:0") : address;
  const [head = "", rest, ...more] = groups.split("::");
  if (more.length > 0) return false;
  const words = [head, rest ?? ""].flatMap((part) => (part === "" ? [] : part.split(":")));
  if (!words.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word))) return false;
  return rest === undefined ? words.length === 8 : words.length <= 7;
}
