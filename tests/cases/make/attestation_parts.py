"""The parts of an attestation, written by hand: certificates, statements in both layouts, and their signatures.

The signing is Python's pow() with the private numbers that openssl gave, the DER is put together here.
"""
import hashlib, json, re, struct
import kek_documents as doc
import material as m

RSA_ENCRYPTION, SHA256_RSA = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01010b")
SHA1_RSA = bytes.fromhex("06092a864886f70d010105")
NULL = b"\x05\x00"
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


class Signer:
    """A private key of the synthetic world."""

    def __init__(self, name, bits=2048):
        path = m.private(f"throwaway-attest-{name}", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")
        self.spki = m.openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        self.n, self.e = m.numbers(self.spki)
        text = m.openssl("pkey", "-in", path, "-noout", "-text").decode()
        digits = re.search(r"privateExponent:\s*([0-9a-f:\s]+?)\n\S", text).group(1)
        self.d = int(re.sub(r"[^0-9a-f]", "", digits), 16)
        self.bytes = (self.n.bit_length() + 7) // 8

    def block(self, content):
        return b"\x00\x01" + b"\xff" * (self.bytes - 3 - len(content)) + b"\x00" + content

    def raw(self, block):
        return pow(int.from_bytes(block, "big"), self.d, self.n).to_bytes(self.bytes, "big")

    def digest_info(self, data):
        return self.raw(self.block(DIGEST_INFO + hashlib.sha256(data).digest()))

    def bare(self, data):
        return self.raw(self.block(hashlib.sha256(data).digest()))


def tlv(tag, *contents):
    content = b"".join(contents)
    length = len(content)
    head = bytes([length]) if length < 128 else (lambda size: bytes([0x80 | len(size)]) + size)(
        length.to_bytes((length.bit_length() + 7) // 8, "big"))
    return bytes([tag]) + head + content


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def sequence(*members):
    return tlv(0x30, *members)


def attribute(oid, text):
    return sequence(tlv(6, oid), tlv(0x0c, text.encode()))


CN, C, O, OU = b"\x55\x04\x03", b"\x55\x04\x06", b"\x55\x04\x0a", b"\x55\x04\x0b"


def name(common, organisation="Cavium"):
    """As the maker writes it: one relative name of several values, and the common name."""
    several = tlv(0x31, *sorted([attribute(C, "US"), attribute(O, organisation), attribute(OU, "N3FIPS")]))
    return sequence(several, tlv(0x31, attribute(CN, common)))


ROOT, CARD, PARTITION = name("localca.example", "Maker, Inc."), name("HSM:1.0G0001"), name("HSM:1.0G0001:PARTN:1, for FIPS mode")
OWNER = name("contosohsm", "Contoso")


def certificate(subject, spki, issuer, signer, version=3, serial=1, start="260101000000Z", end="360101000000Z",
                algorithm=SHA256_RSA, inner=None, sign=None, extra=b""):
    algorithms = [sequence(inner or algorithm, NULL), sequence(algorithm, NULL)]
    tbs = sequence(tlv(0xa0, integer(version - 1)) if version > 1 else b"", integer(serial), algorithms[0], issuer,
                   sequence(tlv(0x17, start.encode()), tlv(0x17, end.encode())), subject, spki, extra)
    signature = (sign or signer.digest_info)(tbs)
    return sequence(tbs, algorithms[1], tlv(3, b"\x00", signature))


def pem(*certificates):
    return b"".join(m.openssl("x509", "-inform", "DER", data=der) if isinstance(der, bytes) else der.encode()
                    for der in certificates)


def damaged(der):
    """A PEM block of bytes that openssl would not write."""
    return f"-----BEGIN CERTIFICATE-----\n{m.standard(der)}\n-----END CERTIFICATE-----\n"


# --- statements ---
CLASS, KEY_TYPE, ID, SENSITIVE, MODULUS, BITS, EXPONENT, EXTRACTABLE, LOCAL, NEVER, ALWAYS = (
    0, 0x100, 0x102, 0x103, 0x120, 0x121, 0x122, 0x162, 0x163, 0x164, 0x165)
LABEL, USAGE, KCV, VENDOR = 3, 0x104, 0x173, 0xf000000d
PATH = f"/keys/KEKforBYOK/{doc.VERSION}"


def padded(text):
    return text.encode().ljust(128, b"\0")


def attributes(key, private, path=PATH, **changes):
    """Type and value, in the firmware's order. A change of None leaves the attribute out."""
    n, e = m.numbers(key)
    values = {CLASS: bytes([3 if private else 2]), KEY_TYPE: b"\0", USAGE: b"\0", LOCAL: b"\1",
              SENSITIVE: bytes([private]), EXTRACTABLE: bytes([not private]), LABEL: padded("customer_key"),
              ID: padded(path), VENDOR: b"\1", KCV: b"\xc0\xa5\xa1", MODULUS: m.big_endian(n),
              BITS: struct.pack(">I", n.bit_length()), EXPONENT: m.big_endian(e), ALWAYS: bytes([private]), NEVER: bytes([private])}
    for kind, value in changes.get("set", {}).items():
        values[kind] = value
    return [(kind, value) for kind, value in values.items() if value is not None]


def tlvs(pairs):
    return b"".join(struct.pack(">II", kind, len(value)) + value for kind, value in pairs)


def firmware_2(pairs, count=None, size=None, buffer=None, padding=None, spare=4, head=bytes(16), body=None):
    body = tlvs(pairs) if body is None else body
    size = len(body) + spare if size is None else size
    buffer = 12 + size if buffer is None else buffer
    content = head + struct.pack(">I", buffer) + struct.pack(">III", 14, len(pairs) if count is None else count, size) + body
    return content + (bytes(280) if padding is None else padding)


def entry(pairs, handle, count=None, size=None):
    body = tlvs(pairs)
    return struct.pack(">III", handle, len(pairs) if count is None else count, len(body) if size is None else size) + body


def firmware_3(pairs, other=None, result=0, total=None, buffer=None, version=1, first=8, second=None, handles=None, tail=b"",
               **of_first):
    objects = entry(pairs, 8000, **of_first)
    at = 0 if other is None else 8 + len(objects)
    objects += entry(other, 8001) if other is not None else b""
    body = struct.pack(">HHHH", version, 3, first, at if second is None else second) + objects + tail
    handles = struct.pack(">I", 8000) * (3 if other else 1) if handles is None else handles
    length = 20 + len(handles) + len(body) + 256
    return struct.pack(">IIIII", result, 3, length if total is None else total, len(body) if buffer is None else buffer, 0) + handles + body


def document(bundle, private, public, key=None, path=PATH, version="MRVL-1", **members):
    inner = {"certificatePemFile": m.base64url(bundle), "privateKeyAttestation": m.base64url(private),
             "publicKeyAttestation": m.base64url(public), "version": version} | members
    inner = {name: value for name, value in inner.items() if value is not ...}
    outer = {"attributes": {"attestation": inner, "enabled": True, "exportable": False}}
    if key is not None:
        outer["key"] = json.loads(doc.jwk(key, f"https://contosohsm.managedhsm.azure.net{path}"))
    return outer
