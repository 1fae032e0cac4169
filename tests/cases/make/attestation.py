"""Writes tests/cases/attestation: attestations of a synthetic maker, and the verdict that each must get, spelt out by hand."""
import hashlib, json
import attestation_parts as a
import kek_documents as doc
import material as m

ROOT_FOLDER = m.fresh("attestation")
NAMES = set()
root, card, partition, owner, stranger, foreign = (a.Signer(name) for name in
                                                   ("root", "card", "partition", "owner", "stranger", "foreign"))
wide = a.Signer("wide", 3072)
root_certificate = a.certificate(a.ROOT, root.spki, a.ROOT, root, serial=0)
(m.KEYS / "attestation-root.pem").write_bytes(a.pem(root_certificate))
card_certificate = a.certificate(a.CARD, card.spki, a.ROOT, root, version=1)
partition_certificate = a.certificate(a.PARTITION, partition.spki, a.CARD, card)
owner_certificate = a.certificate(a.OWNER, owner.spki, a.OWNER, owner)
owned = a.certificate(a.PARTITION, partition.spki, a.OWNER, owner, serial=0x7fffffffffffffff)
CHAIN = [card_certificate, partition_certificate]
BUNDLE = a.pem(*CHAIN, owner_certificate, owned)
PRINT = hashlib.sha256(owner_certificate).hexdigest()
OTHER_PRINT = hashlib.sha256(b"another pool").hexdigest()
KEY = doc.KEK2048

# Notes that come with every statement of genuine hardware, and what an unpinned pool adds.
GENUINE = ["note attestation-limits", "note attestation-names"]
UNPINNED = ["unchecked pool-not-verified"]


def case(name, file, hardware, key, pool="not-verified", fingerprint=PRINT, findings=(), kek=None, pin=None, now=None):
    assert name not in NAMES, name
    NAMES.add(name)
    folder = ROOT_FOLDER / name
    folder.mkdir()
    text = file if isinstance(file, (str, bytes)) else json.dumps(file)
    (folder / "input").write_bytes(text.encode() if isinstance(text, str) else text)
    for optional, content in (("kek", kek), ("pin.txt", pin), ("now.txt", now)):
        if content is not None:
            (folder / optional).write_text(str(content))
    expected = {"hardware": hardware, "key": key, "pool": pool, "fingerprint_sha256": fingerprint, "findings": sorted(findings)}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def good(name, file, pool="not-verified", findings=UNPINNED, **more):
    case(name, file, "genuine", "made-inside", pool, findings=GENUINE + findings, **more)


def bad_key(name, file, *codes, findings=UNPINNED, **more):
    """Genuine hardware, and a key that is refused."""
    case(name, file, "genuine", "refused", findings=GENUINE + findings + [f"error {code}" for code in codes], **more)


def refused(name, file, code, **more):
    """Nothing is believed."""
    case(name, file, "refused", "not-checked", fingerprint=None, findings=[f"error {code}"], **more)


def two(pairs, signer=partition, **changes):
    content = a.firmware_2(pairs, **changes)
    return content + signer.bare(content)


def three(pairs, signer=partition, **changes):
    content = a.firmware_3(pairs, **changes)
    return content + signer.digest_info(content)


def private(key=KEY, path=a.PATH, **set_):
    return a.attributes(key, True, path, set=set_.get("set", {}))


def public(key=KEY, path=a.PATH, **set_):
    return a.attributes(key, False, path, set=set_.get("set", {}))


def file(bundle=BUNDLE, blob=None, half=None, key=KEY, **more):
    return a.document(bundle, two(private()) if blob is None else blob, two(public()) if half is None else half, key, **more)


def changed(**values):
    """A statement with attributes changed, signed again."""
    return file(blob=two(private(set=values.get("set", {}))))


def accepted():
    for bits, key in (("2048", doc.KEK2048), ("3072", doc.KEK3072), ("4096", doc.KEK4096)):
        good(f"firmware-2-of-{bits}", a.document(BUNDLE, two(private(key)), two(public(key)), key))
        good(f"firmware-3-of-{bits}", a.document(BUNDLE, three(private(key)), three(public(key)), key))
    good("firmware-3-of-both-halves", file(blob=three(private(), other=public()), half=three(public(), other=private())))
    good("pin-matches", file(), "pinned", findings=[], pin=PRINT.upper())
    good("pin-in-groups", file(), "pinned", findings=[], pin=" ".join(PRINT[i:i + 4] for i in range(0, 64, 4)))
    good("bundle-in-another-order", file(a.pem(owned, partition_certificate, owner_certificate, card_certificate)))
    good("bundle-with-the-root", file(a.pem(root_certificate, *CHAIN, owner_certificate, owned)))
    good("bundle-with-text-around", file(b"card\n" + BUNDLE + b"\n# end\n"))
    good("bundle-without-owner", file(a.pem(*CHAIN)), fingerprint=None, findings=["unchecked pool-no-owner"])
    good("name-in-another-case", file(path=a.PATH.replace("KEKforBYOK", "kekFORbyok")))
    good("padding-of-base64url", file(privateKeyAttestation=doc.padded_url(two(private()))))
    good("unknown-attributes", changed(set={0xf00000ff: b"anything"}))
    good("modulus-with-a-leading-zero", file(
        blob=two(private(set={a.MODULUS: b"\0" + m.big_endian(m.numbers(KEY)[0])})),
        half=two(public(set={a.MODULUS: b"\0" + m.big_endian(m.numbers(KEY)[0])}))))
    inner = file()
    good("attributes-alone", json.dumps({"attributes": inner["attributes"]}),
         kek=doc.jwk(KEY, f"https://contosohsm.managedhsm.azure.net{a.PATH}"))
    good("attestation-alone", json.dumps(inner["attributes"]["attestation"]),
         kek=doc.jwk(KEY, f"https://contosohsm.managedhsm.azure.net{a.PATH}"))
    good("last-second-of-a-certificate", file(), now=2082758400)
    case("no-kek", file(key=None), "genuine", "not-checked", findings=GENUINE + UNPINNED + ["unchecked attestation-no-kek"])
    bare = file()
    bare["key"]["kid"] = bare["key"]["kid"].rsplit("/", 1)[0]
    case("kid-without-version", bare, "genuine", "not-checked", findings=GENUINE + UNPINNED + ["unchecked attestation-no-version"])


def not_available():
    for name, document in (("key-without-attestation", doc.rest(KEY)), ("az-show-without-attestation", doc.az(KEY)),
                           ("attestation-is-null", json.dumps({"attributes": {"attestation": None, "enabled": True},
                                                               "key": json.loads(doc.jwk(KEY))}))):
        case(name, document, "not-available", "not-checked", fingerprint=None, findings=["unchecked attestation-not-available"])
    case("key-without-attestation-though-pinned", doc.rest(KEY), "not-available", "not-checked", "mismatch", None,
         ["unchecked attestation-not-available"], pin=PRINT)


def documents():
    refused("empty-file", "", "attestation-form")
    refused("not-json", "attestation", "attestation-form")
    refused("a-list", "[]", "attestation-form")
    refused("another-object", '{"schema_version":"1.0.0"}', "attestation-form")
    refused("attestation-is-text", '{"attestation":"x"}', "attestation-form")
    refused("member-twice", json.dumps(file()).replace('"version"', '"version":"MRVL-1","version"'), "attestation-form")
    refused("not-utf8", b"\xff\xfe{}", "attestation-form")
    refused("another-version", file(version="MRVL-2"), "attestation-version")
    refused("version-missing", file(version=...), "attestation-version")
    refused("private-statement-missing", file(privateKeyAttestation=...), "attestation-incomplete")
    refused("public-statement-missing", file(publicKeyAttestation=...), "attestation-incomplete")
    refused("certificates-missing", file(certificatePemFile=...), "attestation-incomplete")
    refused("statement-not-base64", file(privateKeyAttestation="%%%"), "attestation-encoding")
    refused("statement-too-large", file(privateKeyAttestation=m.base64url(bytes(20000))), "attestation-too-large")
    refused("certificates-too-large", file(certificatePemFile=m.base64url(b" " * 70000)), "attestation-too-large")


def certificates():
    make = a.certificate
    refused("bundle-of-no-certificate", file(b"none"), "certificates-form")
    refused("bundle-with-a-private-key", file(BUNDLE + b"-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"),
            "certificates-form")
    refused("bundle-that-ends-early", file(BUNDLE[:-40]), "certificates-form")
    refused("bundle-of-seventeen", file(a.pem(*CHAIN) + a.pem(owned) * 15), "certificates-too-many")
    refused("certificate-damaged", file(a.pem(card_certificate, a.damaged(partition_certificate[:-9]))), "certificate-form")
    refused("certificate-with-trailing-bytes", file(a.pem(card_certificate, a.damaged(partition_certificate + b"\0"))), "certificate-form")
    flipped = bytearray(partition_certificate)
    flipped[-1] ^= 1
    refused("partition-signature-flipped", file(a.pem(card_certificate, a.damaged(bytes(flipped)))), "chain-partition-signature")
    flipped = bytearray(card_certificate)
    flipped[-1] ^= 1
    refused("card-signature-flipped", file(a.pem(a.damaged(bytes(flipped)), partition_certificate)), "chain-card-signature")
    place = partition_certificate.index(partition.spki) + 60
    flipped = bytearray(partition_certificate)
    flipped[place] ^= 1
    refused("partition-key-flipped", file(a.pem(card_certificate, a.damaged(bytes(flipped)))), "chain-partition-signature")
    refused("no-card", file(a.pem(partition_certificate, owner_certificate, owned)), "chain-root-unknown")
    refused("no-partition", file(a.pem(card_certificate, owner_certificate)), "chain-no-partition")
    refused("card-of-another-root", file(a.pem(make(a.CARD, card.spki, a.ROOT, stranger), partition_certificate)), "chain-card-signature")
    refused("root-of-ones-own", file(a.pem(make(a.ROOT, stranger.spki, a.ROOT, stranger),
                                           make(a.CARD, card.spki, a.ROOT, stranger), partition_certificate)), "chain-card-signature")
    refused("owner-in-place-of-the-root", file(a.pem(make(a.CARD, card.spki, a.OWNER, owner), partition_certificate, owner_certificate)),
            "chain-root-unknown")
    refused("partition-signed-by-the-root", file(a.pem(card_certificate, make(a.PARTITION, partition.spki, a.ROOT, root))),
            "chain-two-cards")
    refused("partition-of-another-card", file(a.pem(card_certificate, make(a.PARTITION, partition.spki, a.CARD, stranger))),
            "chain-partition-signature")
    refused("two-cards", file(a.pem(*CHAIN, make(a.name("HSM:2"), stranger.spki, a.ROOT, root))), "chain-two-cards")
    refused("one-card-twice", file(a.pem(card_certificate, *CHAIN)), "chain-two-cards")
    refused("two-partitions", file(a.pem(*CHAIN, make(a.name("HSM:1:PARTN:2"), stranger.spki, a.CARD, card))), "chain-two-partitions")
    refused("card-expired", file(a.pem(make(a.CARD, card.spki, a.ROOT, root, end="261231235959Z"), partition_certificate)),
            "certificate-expired")
    refused("partition-expired", file(a.pem(card_certificate, make(a.PARTITION, partition.spki, a.CARD, card, end="261231235959Z"))),
            "certificate-expired")
    refused("partition-not-yet-valid", file(a.pem(card_certificate, make(a.PARTITION, partition.spki, a.CARD, card, start="280101000000Z"))),
            "certificate-not-yet-valid")
    refused("a-second-after-the-end", file(), "certificate-expired", now=2082758401)
    refused("before-the-root", file(), "certificate-not-yet-valid", now=1767225599)
    refused("certificate-signed-by-sha1", file(a.pem(card_certificate, make(a.PARTITION, partition.spki, a.CARD, card, algorithm=a.SHA1_RSA))),
            "certificate-algorithm")
    refused("certificate-of-two-algorithms", file(a.pem(card_certificate, make(a.PARTITION, partition.spki, a.CARD, card, inner=a.SHA1_RSA))),
            "certificate-algorithm")
    refused("certificate-of-an-ec-key", file(a.pem(card_certificate, make(a.PARTITION, m.openssl(
        "pkey", "-in", m.KEYS / "throwaway-ec.pem", "-pubout", "-outform", "DER"), a.CARD, card))), "certificate-key")
    refused("certificate-of-1024-bits", file(a.pem(card_certificate, make(a.PARTITION, doc.KEK1024, a.CARD, card))), "certificate-key")
    refused("certificate-with-exponent-65539", file(a.pem(card_certificate, make(a.PARTITION, doc.KEK65539, a.CARD, card))), "certificate-key")
    refused("partition-with-bare-digest-signature", file(a.pem(card_certificate, make(a.PARTITION, partition.spki, a.CARD, card,
                                                                                   sign=card.bare))), "chain-partition-signature")
    refused("partition-of-3072-bits", file(a.pem(card_certificate, make(a.PARTITION, wide.spki, a.CARD, card))), "attestation-signature")


def owners():
    make = a.certificate
    other = ["error pool-mismatch"]
    good("pin-of-another-pool", file(), "mismatch", findings=other, pin=OTHER_PRINT)
    case(
        "pin-but-no-owner", file(a.pem(*CHAIN)), "genuine", "made-inside", "mismatch", None, GENUINE + other, pin=PRINT)
    foreign_owner = make(a.OWNER, foreign.spki, a.OWNER, foreign)
    case("owner-chain-of-another-pool", file(a.pem(*CHAIN, foreign_owner, make(a.PARTITION, stranger.spki, a.OWNER, foreign))),
         "genuine", "made-inside", "not-verified", None, GENUINE + ["warning owner-other-pool", "unchecked pool-no-owner"])
    case("owner-chain-of-another-pool-though-pinned",
         file(a.pem(*CHAIN, foreign_owner, make(a.PARTITION, stranger.spki, a.OWNER, foreign))),
         "genuine", "made-inside", "mismatch", None, GENUINE + ["error owner-other-pool"] + other, pin=hashlib.sha256(foreign_owner).hexdigest())
    case("owner-certificate-pasted-in", file(a.pem(*CHAIN, owner_certificate)), "genuine", "made-inside", "mismatch", None,
         GENUINE + ["error owner-other-pool"] + other, pin=PRINT)
    forged = make(a.PARTITION, partition.spki, a.OWNER, stranger)
    case("owner-signature-forged", file(a.pem(*CHAIN, owner_certificate, forged)), "genuine", "made-inside", "mismatch", None,
         GENUINE + ["error owner-other-pool"] + other, pin=PRINT)
    impostor = make(a.OWNER, stranger.spki, a.OWNER, stranger)
    case("owner-of-the-same-name", file(a.pem(*CHAIN, impostor, make(a.PARTITION, partition.spki, a.OWNER, stranger))),
         "genuine", "made-inside", "mismatch", hashlib.sha256(impostor).hexdigest(), GENUINE + other, pin=PRINT)
    case("two-owners", file(BUNDLE + a.pem(impostor)), "genuine", "made-inside", "mismatch", None,
         GENUINE + ["error owner-ambiguous"] + other, pin=PRINT)
    late = make(a.OWNER, owner.spki, a.OWNER, owner, end="261231235959Z")
    case("owner-expired", file(a.pem(*CHAIN, late, owned)), "genuine", "made-inside", "mismatch", None,
         GENUINE + ["error certificate-expired"] + other, pin=hashlib.sha256(late).hexdigest())


def signatures():
    blob = two(private())
    offset = 20 + 12
    regions = {"handle": (23, "attestation-signature"), "attribute-type": (offset + 17, "attestation-signature"),
               "class": (offset + 8, "attestation-signature"), "modulus": (blob.index(m.big_endian(m.numbers(KEY)[0])) + 100, "attestation-signature"),
               "identifier": (blob.index(a.PATH.encode()) + 8, "attestation-signature"),
               "label": (blob.index(b"customer_key"), "attestation-signature"),
               "signature": (-200, "attestation-signature"), "last-byte": (-1, "attestation-signature"),
               "leading-zeros": (3, "attestation-layout"), "buffer-length": (19, "attestation-size"), "count": (27, "attestation-padding"),
               "size": (31, "attestation-size"), "attribute-length": (offset + 7, "attestation-truncated"),
               "padding": (-300, "attestation-padding")}
    for region, (place, code) in regions.items():
        flipped = bytearray(blob)
        flipped[place] ^= 1
        refused(f"flipped-{region}", file(blob=bytes(flipped)), code)
    half = bytearray(two(public()))
    half[-1] ^= 1
    refused("flipped-in-the-public-statement", file(half=bytes(half)), "attestation-signature")
    refused("signed-by-another-partition", file(blob=two(private(), signer=stranger)), "attestation-signature")
    refused("signed-by-the-card", file(blob=two(private(), signer=card)), "attestation-signature")
    refused("public-signed-by-another-partition", file(half=two(public(), signer=stranger)), "attestation-signature")
    refused("signature-of-zeros", file(blob=blob[:-256] + bytes(256)), "attestation-signature")
    refused("signature-of-one", file(blob=blob[:-256] + bytes(255) + b"\1"), "attestation-signature")
    refused("signature-not-below-the-modulus", file(blob=blob[:-256] + (int.from_bytes(blob[-256:], "big") + partition.n).to_bytes(257, "big")[-256:]),
            "attestation-signature")
    content = a.firmware_2(private())
    digest = hashlib.sha256(content).digest()
    for name, block in (("zeros", b"\0" * 224 + digest), ("short-padding", b"\0\1" + b"\xff" * 8 + b"\0" + b"\x11" * 213 + digest),
                        ("type-2", b"\0\2" + b"\xff" * 221 + b"\0" + digest), ("no-separator", b"\0\1" + b"\xff" * 222 + digest),
                        ("digest-info", partition.block(a.DIGEST_INFO + digest))):
        refused(f"padding-of-{name}-with-the-right-digest", file(blob=content + partition.raw(block)), "attestation-signature")
    content = a.firmware_3(private())
    refused("bare-digest-in-firmware-3", file(blob=content + partition.bare(content)), "attestation-signature")


def structures():
    pairs = private()
    body = a.tlvs(pairs)
    good_pairs = lambda extra: two(pairs + extra)
    refused("attribute-twice", file(blob=good_pairs([(a.CLASS, b"\3")])), "attestation-attribute-twice")
    refused("unknown-attribute-twice", file(blob=good_pairs([(a.VENDOR, b"\1")])), "attestation-attribute-twice")
    refused("two-moduli", file(blob=good_pairs([(a.MODULUS, m.stream(256, "n"))])), "attestation-attribute-twice")
    refused("count-one-more", file(blob=two(pairs, count=len(pairs) + 1)), "attestation-truncated")
    refused("count-one-less", file(blob=two(pairs, count=len(pairs) - 1)), "attestation-padding")
    refused("count-of-four-billion", file(blob=two(pairs, count=0xffffffff)), "attestation-count")
    refused("size-one-less-than-the-attributes", file(blob=two(pairs, size=len(body) - 1)), "attestation-truncated")
    refused("size-of-zero", file(blob=two(pairs, size=0)), "attestation-truncated")
    refused("size-of-four-billion", file(blob=two(pairs, size=0xffffffff, buffer=0xffffffff)), "attestation-truncated")
    refused("buffer-without-its-object", file(blob=two(pairs, buffer=12 + len(body))), "attestation-size")
    refused("something-behind-the-attributes", file(blob=two(pairs, padding=bytes(100) + b"x" + bytes(100))), "attestation-padding")
    cut = body[:-1]
    refused("last-value-cut", file(blob=two(pairs, body=cut, size=len(cut), padding=b"")), "attestation-truncated")
    long = body.replace(b"\0\0\1\x20\0\0\1\0", b"\0\0\1\x20\xff\xff\xff\xff")
    refused("overlong-attribute", file(blob=two(pairs, body=long)), "attestation-truncated")
    refused("statement-empty", file(blob=b""), "attestation-layout")
    refused("statement-of-a-signature-alone", file(blob=bytes(256)), "attestation-truncated")
    refused("firmware-3-of-a-failure", file(blob=three(pairs, result=5)), "attestation-layout")
    refused("firmware-3-of-version-2", file(blob=three(pairs, version=2)), "attestation-layout")
    refused("firmware-3-with-another-total", file(blob=three(pairs, total=1)), "attestation-size")
    refused("firmware-3-with-a-buffer-too-long", file(blob=three(pairs, buffer=5000)), "attestation-size")
    refused("firmware-3-with-first-offset-moved", file(blob=three(pairs, first=12)), "attestation-layout")
    refused("firmware-3-with-second-offset-moved", file(blob=three(pairs, other=public(), second=9)), "attestation-layout")
    refused("firmware-3-with-a-second-object-unnamed", file(blob=three(pairs, other=public(), second=0)), "attestation-size")
    refused("firmware-3-with-a-tail", file(blob=three(pairs, tail=b"tail")), "attestation-size")
    refused("firmware-3-with-size-lying", file(blob=three(pairs, size=12)), "attestation-size")
    refused("firmware-3-with-count-lying", file(blob=three(pairs, count=len(pairs) - 1)), "attestation-size")
    good("attributes-in-another-order", file(blob=two(list(reversed(pairs)))))


def keys():
    set_ = lambda **kinds: changed(set={getattr(a, kind): value for kind, value in kinds.items()})
    bad_key("extractable", set_(EXTRACTABLE=b"\1"), "attestation-extractable")
    bad_key("once-extractable", set_(NEVER=b"\0"), "attestation-was-extractable")
    bad_key("imported", set_(LOCAL=b"\0"), "attestation-imported")
    bad_key("not-sensitive", set_(SENSITIVE=b"\0"), "attestation-not-sensitive")
    bad_key("once-not-sensitive", set_(ALWAYS=b"\0"), "attestation-was-not-sensitive")
    bad_key("not-rsa", set_(KEY_TYPE=b"\3"), "attestation-key-type")
    bad_key("everything-wrong", set_(EXTRACTABLE=b"\1", NEVER=b"\0", LOCAL=b"\0", SENSITIVE=b"\0", ALWAYS=b"\0"),
            "attestation-extractable", "attestation-was-extractable", "attestation-imported", "attestation-not-sensitive",
            "attestation-was-not-sensitive")
    bad_key("true-is-two", set_(LOCAL=b"\2"), "attestation-imported")
    for kind in ("LOCAL", "EXTRACTABLE", "NEVER", "SENSITIVE", "ALWAYS", "KEY_TYPE"):
        bad_key(f"without-{kind.lower()}", set_(**{kind: None}), "attestation-attribute-missing")
    bad_key("attribute-of-zero-length", set_(LOCAL=b""), "attestation-attribute-form")
    bad_key("attribute-of-two-bytes", set_(EXTRACTABLE=b"\0\0"), "attestation-attribute-form")
    bad_key("without-class", set_(CLASS=None), "attestation-not-private")
    bad_key("public-statement-as-private", file(blob=two(public())), "attestation-not-private")
    bad_key("private-statement-as-public", file(half=two(private())), "attestation-not-public")
    bad_key("two-private-keys", file(blob=three(private(), other=private())), "attestation-not-private")
    bad_key("modulus-missing", set_(MODULUS=None), "attestation-halves", "attestation-other-key")
    bad_key("modulus-of-zero-length", set_(MODULUS=b""), "attestation-halves", "attestation-other-key")
    bad_key("bits-lying", set_(BITS=b"\0\0\x10\0"), "attestation-bits")
    bad_key("bits-missing", set_(BITS=None), "attestation-bits")
    bad_key("another-exponent", file(blob=two(private(set={a.EXPONENT: b"\3"})), half=two(public(set={a.EXPONENT: b"\3"}))),
            "attestation-other-exponent")
    bad_key("halves-of-two-keys", file(half=two(public(doc.KEK3072))), "attestation-halves")
    bad_key("another-keks-attestation", a.document(BUNDLE, two(private(doc.KEK3072)), two(public(doc.KEK3072)), KEY),
            "attestation-other-key", "attestation-bits")
    other = f"/keys/KEKforBYOK/{doc.VERSION[1:]}0"
    bad_key("another-versions-identifier", file(blob=two(private(path=other)), half=two(public(path=other))), "attestation-other-id")
    bad_key("another-names-identifier", file(path=a.PATH.replace("KEKforBYOK", "KEKforBYOK2")), "attestation-other-id")
    longer = a.PATH + "0"
    bad_key("identifier-one-digit-longer", file(blob=two(private(path=longer)), half=two(public(path=longer))), "attestation-other-id")
    hidden = {a.ID: a.PATH.encode() + b"\0evil".ljust(40, b"\0")}
    bad_key("identifier-with-more-behind-a-zero", file(blob=two(private(set=hidden)), half=two(public(set=hidden))), "attestation-other-id")
    empty = {a.ID: bytes(128)}
    bad_key("identifier-empty", file(blob=two(private(set=empty)), half=two(public(set=empty))), "attestation-other-id")
    none = {a.ID: None}
    bad_key("identifier-missing", file(blob=two(private(set=none)), half=two(public(set=none))), "attestation-halves", "attestation-other-id")
    bad_key("extractable-though-pinned", set_(EXTRACTABLE=b"\1"), "attestation-extractable", findings=[], pool="pinned", pin=PRINT)


for part in (accepted, not_available, documents, certificates, owners, signatures, structures, keys):
    part()
print(len(NAMES), "cases")
